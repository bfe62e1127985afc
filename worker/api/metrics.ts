/**
 * `/metrics`: Prometheus text.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { OPEN_STATUSES, TERMINAL_STATUSES } from "../contract/attempt.ts";
import { readVitals, type Vitals } from "../store/vitals.ts";
import { refusals, router, scope } from "./http.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export const metricsApi = router();

metricsApi.openapi(
  createRoute({
    method: "get",
    path: "/metrics",
    middleware: [scope("read")] as const,
    responses: {
      200: { content: { "text/plain": { schema: z.string() } }, description: "Prometheus text" },
      ...refusals,
    },
  }),
  async (c) => {
    const now = new Date();
    const text = prometheusText(await readVitals(c.var.db, now.toISOString()), now.getTime());
    return c.text(text, 200, { "content-type": CONTENT_TYPE });
  },
);

type Metric = {
  name: string;
  type: "gauge" | "counter";
  help: string;
  samples: readonly { labels?: Readonly<Record<string, string>>; value: number }[];
};

/** All metrics of a deployment. `now` in milliseconds since the epoch. */
export function prometheusText(vitals: Vitals, now: number): string {
  return metrics(vitals, now).map(write).join("");
}

function metrics(v: Vitals, now: number): Metric[] {
  const states = (list: readonly (keyof Vitals["attempts"])[]) =>
    list.map((status) => ({ labels: { status }, value: v.attempts[status] }));
  const one = (value: number) => [{ value }];
  const age = (since: string | null) => one(since === null ? 0 : Math.max(0, (now - Date.parse(since)) / 1000));
  return [
    { name: "stacks", type: "gauge", help: "Declared patch stacks.", samples: one(v.stacks.declared) },
    { name: "stacks_paused", type: "gauge", help: "Stacks that an operator paused.", samples: one(v.stacks.paused) },
    {
      name: "stacks_behind",
      type: "gauge",
      help: "Stacks whose newest accepted upstream version has not landed.",
      samples: one(v.stacks.behind),
    },
    {
      name: "stack_behind_commits",
      type: "gauge",
      help: "Upstream commits that a stack's branch lacks, by its newest forecast.",
      samples: v.drift.map(({ stackId: stack, commits: value }) => ({ labels: { stack }, value })),
    },
    {
      name: "stack_behind_days",
      type: "gauge",
      help: "Days between upstream's branch head and the stack's base, by its newest forecast.",
      samples: v.drift.map(({ stackId: stack, days: value }) => ({ labels: { stack }, value })),
    },
    {
      name: "attempts_open",
      type: "gauge",
      help: "Attempts that have not ended, by state.",
      samples: states(OPEN_STATUSES),
    },
    {
      name: "attempts_ended_total",
      type: "counter",
      help: "Attempts that have ended, by state.",
      samples: states(TERMINAL_STATUSES),
    },
    {
      name: "interventions",
      type: "gauge",
      help: "Attempts that wait for a person.",
      samples: one(v.interventions.waiting),
    },
    {
      name: "oldest_intervention_seconds",
      type: "gauge",
      help: "How long the oldest of them has waited; 0 when none does.",
      samples: age(v.interventions.oldest),
    },
    { name: "sources", type: "gauge", help: "Declared feed sources.", samples: one(v.sources.declared) },
    {
      name: "sources_failing",
      type: "gauge",
      help: "Sources whose last poll failed.",
      samples: one(v.sources.failing),
    },
    {
      name: "polls_total",
      type: "counter",
      help: "Polls made by the sources declared.",
      samples: one(v.sources.polls),
    },
    {
      name: "polls_failed_total",
      type: "counter",
      help: "Those of them that failed.",
      samples: one(v.sources.failedPolls),
    },
    {
      name: "polls_given_up_total",
      type: "counter",
      help: "Batches of polls that were given up after three tries; their sources are tried by fewer.",
      samples: one(v.givenUp.ever),
    },
    { name: "polls_due", type: "gauge", help: "Polls that are due and not made yet.", samples: one(v.sources.overdue) },
    {
      name: "deliveries_pending",
      type: "gauge",
      help: "Events that their stacks have not accepted yet.",
      samples: one(v.deliveries.pending),
    },
    {
      name: "oldest_delivery_seconds",
      type: "gauge",
      help: "How long the oldest of them has waited; 0 when none does.",
      samples: age(v.deliveries.oldest),
    },
    {
      name: "dispatches_waiting",
      type: "gauge",
      help: "Jobs that no runner has claimed yet.",
      samples: one(v.dispatches.waiting),
    },
    {
      name: "oldest_dispatch_seconds",
      type: "gauge",
      help: "How long the oldest of them has waited; 0 when none does.",
      samples: age(v.dispatches.oldest),
    },
    {
      name: "effects_pending",
      type: "gauge",
      help: "Effects in the outbox that have not left yet.",
      samples: one(v.effects.pending),
    },
    {
      name: "oldest_effect_seconds",
      type: "gauge",
      help: "How long ago the oldest of them was made; 0 when none waits.",
      samples: age(v.effects.oldest),
    },
    { name: "effects_dead", type: "gauge", help: "Effects that were given up.", samples: one(v.effects.dead) },
    {
      name: "restoring",
      type: "gauge",
      help: "Stacks and sources that an import has begun and not finished; nothing is done for them.",
      samples: one(v.restoring.count),
    },
    {
      name: "cron_last_seen_seconds",
      type: "gauge",
      help: "How long ago the cron came; NaN when it never did.",
      samples: v.cron === null ? one(Number.NaN) : age(v.cron.at),
    },
  ];
}

function write({ name, type, help, samples }: Metric): string {
  const full = `patch_moi_${name}`;
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
    return `${full}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("")}`;
}
