/**
 * `patch.moi status`: what an operator wants to see first.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { FeedSource } from "../../worker/contract/feed-source.ts";
import { LIST_LIMIT } from "../../worker/contract/primitives.ts";
import { Stack } from "../../worker/contract/stack.ts";
import { colors } from "../client/colors.ts";
import { Session } from "../client/session.ts";
import { age, cut, shortRef, statusWord, table } from "../client/table.ts";
import { examples } from "./list.ts";
import { health } from "./sources.ts";

export function registerStatus(program: Command): void {
  program
    .command("status")
    .description("stacks, sources, and what waits for a person")
    .addHelpText("after", examples(["status", "status --json"]))
    .action(async (_options: unknown, self: Command) => {
      const session = Session.of(self);
      const api = session.api();
      const limit = LIST_LIMIT.max;
      const [stacks, sources, waiting, recent] = await session.watch(
        "reading",
        Promise.all([
          api.request({ path: ["stacks"], query: { limit }, answer: z.object({ stacks: z.array(Stack) }) }),
          api.request({ path: ["feed-sources"], query: { limit }, answer: z.object({ sources: z.array(FeedSource) }) }),
          api.request({
            path: ["maintenance-attempts"],
            query: { status: "needs_intervention", limit },
            answer: z.object({ attempts: z.array(MaintenanceAttempt) }),
          }),
          api.request({
            path: ["maintenance-attempts"],
            query: { limit: 10 },
            answer: z.object({ attempts: z.array(MaintenanceAttempt) }),
          }),
        ]),
      );
      const found = {
        server: api.server.href,
        stacks: stacks.value.stacks,
        sources: sources.value.sources,
        interventions: waiting.value.attempts,
        attempts: recent.value.attempts,
      };
      session.answer(found, () => describe(found, Date.now()));
    });
}

type Found = {
  server: string;
  stacks: Stack[];
  sources: FeedSource[];
  interventions: MaintenanceAttempt[];
  attempts: MaintenanceAttempt[];
};

function describe(found: Found, now: number): string {
  const parts = [`${colors.bold("patch.moi")} at ${found.server}`];
  const attemptOf = new Map(found.attempts.map((attempt) => [attempt.id, attempt]));
  parts.push(
    found.stacks.length === 0
      ? "No stacks yet: declare one in patch-moi.json and run `patch.moi apply -f patch-moi.json`."
      : table(
          ["STACK", "CARRIED", "ATTEMPT", "STATE"],
          found.stacks.map((stack) => {
            const current = stack.currentAttemptId === undefined ? undefined : attemptOf.get(stack.currentAttemptId);
            return [
              stack.id,
              stack.carried?.tag ?? stack.carried?.oid.slice(0, 12) ?? "-",
              stack.currentAttemptId ?? "-",
              stack.paused
                ? colors.yellow("paused")
                : statusWord(current?.status ?? (stack.currentAttemptId === undefined ? "idle" : "working")),
            ];
          }),
        ),
  );
  if (found.sources.length > 0)
    parts.push(
      table(
        ["SOURCE", "LAST POLL", "HEALTH"],
        found.sources.map((source) => [source.id, age(source.health.lastPollAt, now), health(source)]),
      ),
    );
  if (found.attempts.length > 0)
    parts.push(
      table(
        ["RECENT", "OPERATION", "ONTO", "STATUS", "AGE"],
        found.attempts.map((attempt) => [
          attempt.id,
          attempt.operation,
          cut(shortRef(attempt.onto), 24),
          statusWord(attempt.status),
          age(attempt.createdAt, now),
        ]),
      ),
    );
  parts.push(
    found.interventions.length === 0
      ? colors.green("Nothing waits for a person.")
      : [
          colors.yellow(`Waiting for a person (${found.interventions.length}):`),
          ...found.interventions.map(
            (attempt) => `  ${attempt.id}  ${attempt.reason?.code ?? ""}  ${cut(attempt.reason?.message ?? "", 50)}`,
          ),
          "  see `patch.moi show <attempt>`",
        ].join("\n"),
  );
  return parts.join("\n\n");
}
