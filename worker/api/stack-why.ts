/**
 * `/stacks/:id/why`: what became of an upstream version, and why; from the record alone.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { Why, type WhyFact } from "../contract/intervention.ts";
import { Name } from "../contract/primitives.ts";
import type { StoredAttempt } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
import type { FeedSignalRow } from "../store/feed-entries.ts";
import { findStack } from "../store/stacks.ts";
import { attemptsOn, signalsAbout } from "../store/why.ts";
import { ApiError, json, refusals, router, scope } from "./http.ts";

export const stackWhyApi = router();

stackWhyApi.openapi(
  createRoute({
    method: "get",
    path: "/stacks/{id}/why",
    middleware: [scope("read")] as const,
    request: { params: z.object({ id: Name }), query: z.object({ version: z.string().min(1).max(250) }) },
    responses: { 200: json(Why, "What the record says about the version"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const { version } = c.req.valid("query");
    return c.json(await whyOf(c.var.db, id, version), 200);
  },
);

/** What the record says about a version in a stack: for the API and the console. */
export async function whyOf(db: Database, id: string, version: string): Promise<Why> {
  const stack = await findStack(db, id);
  if (stack === undefined) throw new ApiError("not_found", `there is no stack '${id}'`);
  const tags = tagsOf(version, stack.config.policy.releases.prefix);
  const [signals, attempts] = await Promise.all([signalsAbout(db, id, tags), attemptsOn(db, id, tags)]);
  const facts = [...signals.map((s) => seen(s, id)), ...attempts.map(acted)].toSorted((a, b) =>
    a.at < b.at ? -1 : a.at > b.at ? 1 : 0,
  );
  return { stackId: id, version, tags, ...verdict(version, signals, attempts, id), facts };
}

/** A person asks for `1.10.0`; upstream may have tagged `v1.10.0` or `rust-v1.10.0`. */
function tagsOf(version: string, prefix: string | undefined): string[] {
  const bare = version.replace(/^v(?=[0-9])/, "");
  return [...new Set([version, bare, `v${bare}`, ...(prefix === undefined ? [] : [`${prefix}${bare}`])])];
}

function seen(signal: FeedSignalRow, stackId: string): WhyFact {
  const decision = signal.decisions.find((d) => d.stackId === stackId);
  return {
    at: signal.seenAt,
    kind: "seen",
    sourceId: signal.sourceId,
    disposition: signal.disposition,
    ...(decision === undefined ? {} : { decision }),
    ...(signal.eventId === null ? {} : { eventId: signal.eventId }),
  };
}

function acted(attempt: StoredAttempt): WhyFact {
  return {
    at: attempt.createdAt,
    kind: "attempt",
    eventId: attempt.eventId,
    attemptId: attempt.id,
    status: attempt.status,
    ...(attempt.reason === null ? {} : { reason: attempt.reason }),
  };
}

/** The last attempt that was not skipped says most; without one, what was decided at intake. */
function verdict(
  version: string,
  signals: readonly FeedSignalRow[],
  attempts: readonly StoredAttempt[],
  stackId: string,
): Pick<Why, "verdict" | "message"> {
  const last = attempts.findLast((a) => a.status !== "skipped") ?? attempts.at(-1);
  if (last !== undefined) return ofAttempt(last);
  // Other words decide nothing, nor does having been there before.
  const decisive = signals.findLast((s) => s.disposition !== "edited" && s.disposition !== "primed");
  if (decisive !== undefined) {
    const decision = decisive.decisions.find((d) => d.stackId === stackId);
    if (decision?.pass === false) return { verdict: "filtered", message: decision.message };
    if (decisive.eventId === null)
      return { verdict: "filtered", message: `${version} passed no stack's release policy` };
    return { verdict: "working", message: `${version} became ${decisive.eventId} and is on its way to the stack` };
  }
  if (signals.length > 0)
    return { verdict: "primed", message: `${version} was there before the source was watched: nothing was started` };
  return { verdict: "never_seen", message: `no source of this stack has told of ${version}` };
}

function ofAttempt(attempt: StoredAttempt): Pick<Why, "verdict" | "message"> {
  const because = attempt.reason === null ? "" : `: ${attempt.reason.message}`;
  const says = (verdict: Why["verdict"], what: string) => ({ verdict, message: `${attempt.id} ${what}${because}` });
  switch (attempt.status) {
    case "changed":
    case "completed":
      return says("done", `ended ${attempt.status}`);
    case "skipped":
      return says("skipped", "was skipped");
    case "superseded":
      return says("superseded", "was superseded");
    case "needs_intervention":
      return says("held", "waits for a person");
    case "queued":
    case "dispatched":
    case "running":
    case "blocked":
      return says("working", `is ${attempt.status}`);
    case "failed":
    case "timed_out":
    case "cancelled":
    case "dismissed":
      return says("ended_badly", `ended ${attempt.status}`);
  }
}
