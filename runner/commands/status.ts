/**
 * `patch.moi status`: what an operator wants to see first.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { Candidate, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { FeedSource } from "../../worker/contract/feed-source.ts";
import { Intervention } from "../../worker/contract/intervention.ts";
import { LIST_LIMIT } from "../../worker/contract/primitives.ts";
import { Stack } from "../../worker/contract/stack.ts";
import { Unreadable } from "../../worker/contract/unreadable.ts";
import { colors } from "../client/colors.ts";
import { Session } from "../client/session.ts";
import { age, count, cut, shortRef, statusWord, table } from "../client/table.ts";
import { cannotBeRead, examples } from "./list.ts";
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
      const [stacks, sources, waiting, candidates, recent] = await session.watch(
        "reading",
        Promise.all([
          api.request({ path: ["stacks"], query: { limit }, answer: z.object({ stacks: z.array(Stack), unreadable }) }),
          api.request({
            path: ["feed-sources"],
            query: { limit },
            answer: z.object({ sources: z.array(FeedSource), unreadable }),
          }),
          api.request({
            path: ["interventions"],
            query: { limit },
            answer: z.object({ interventions: z.array(Intervention) }),
          }),
          api.request({
            path: ["candidates"],
            query: { limit },
            answer: z.object({ candidates: z.array(Candidate) }),
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
        unreadable: { stacks: stacks.value.unreadable, sources: sources.value.unreadable },
        interventions: waiting.value.interventions,
        toLand: newestNotLanded(candidates.value.candidates),
        attempts: recent.value.attempts,
      };
      session.answer(found, () => describe(found, Date.now()));
    });
}

/** Of each stack the newest branch that an attempt produced, where nobody has landed it. */
function newestNotLanded(candidates: readonly Candidate[]): Candidate[] {
  const newest = new Map<string, Candidate>();
  for (const candidate of candidates)
    if (candidate.kind === "branch" && !newest.has(candidate.stackId)) newest.set(candidate.stackId, candidate);
  return [...newest.values()].filter(({ landedAt }) => landedAt === undefined);
}

type Found = {
  server: string;
  stacks: Stack[];
  sources: FeedSource[];
  unreadable: { stacks: Unreadable[]; sources: Unreadable[] };
  interventions: Intervention[];
  toLand: Candidate[];
  attempts: MaintenanceAttempt[];
};

const unreadable = z.array(Unreadable).default([]);

/** Interventions shown; `patch.moi interventions` shows all of them, with what to do. */
const SHOWN = 10;

function describe(found: Found, now: number): string {
  const parts = [`${colors.bold("patch.moi")} at ${found.server}`];
  const beside = [
    ...found.unreadable.stacks.map((one) => cannotBeRead("stack", one)),
    ...found.unreadable.sources.map((one) => cannotBeRead("source", one)),
  ];
  parts.push(
    found.stacks.length === 0 && beside.length === 0
      ? "No stacks yet: declare one in patch-moi.json and run `patch.moi apply -f patch-moi.json`."
      : table(
          ["STACK", "CARRIED", "UPSTREAM", "DRIFT", "STATE"],
          found.stacks.map((stack) => [stack.id, carriedBy(stack), newest(stack), drift(stack), state(stack, found)]),
        ),
  );
  if (found.sources.length > 0)
    parts.push(
      table(
        ["SOURCE", "LAST POLL", "HEALTH"],
        found.sources.map((source) => [source.id, age(source.health.lastPollAt, now), health(source)]),
      ),
    );
  if (beside.length > 0) parts.push(beside.join("\n"));
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
  parts.push(waitingFor(found, now));
  return parts.join("\n\n");
}

function carriedBy({ carried }: Stack): string {
  return carried === undefined ? "-" : (carried.tag ?? carried.oid.slice(0, 12));
}

/** Highest version that upstream has; marked where the stack does not stand on it yet. */
function newest({ highestTag, carried }: Stack): string {
  if (highestTag === undefined) return "-";
  return highestTag === carried?.tag ? highestTag : colors.yellow(highestTag);
}

/** By the newest forecast; a stack whose policy asks for none shows none. */
function drift({ forecast }: Stack): string {
  if (forecast === undefined) return "-";
  if (forecast.drift === undefined) return forecast.reason?.code ?? forecast.outcome;
  const { commitsBehind, daysBehind } = forecast.drift;
  const behind = `${count(commitsBehind, "commit")}, ${count(Math.round(daysBehind), "day")}`;
  return forecast.outcome === "conflicts" ? `${behind}, ${colors.yellow("would conflict")}` : behind;
}

function state(stack: Stack, { attempts, interventions, toLand }: Found): string {
  if (stack.paused) return colors.yellow("paused");
  const waits = interventions.find(({ stackId }) => stackId === stack.id);
  if (waits !== undefined) return colors.yellow(`waits: ${waits.reason.code}`);
  const { currentAttemptId } = stack;
  if (currentAttemptId !== undefined) {
    const current = attempts.find(({ id }) => id === currentAttemptId);
    return `${current === undefined ? "working" : statusWord(current.status)} ${currentAttemptId}`;
  }
  const candidate = toLand.find(({ stackId }) => stackId === stack.id);
  return candidate === undefined ? "idle" : colors.yellow(`to land: ${candidate.tag ?? candidate.attemptId}`);
}

/** What only a person can move on, and the command that does it. */
function waitingFor({ interventions, toLand }: Found, now: number): string {
  const lines: string[] = [];
  if (interventions.length > 0) {
    lines.push(colors.yellow(`Waiting for a person (${interventions.length}):`));
    for (const one of interventions.slice(0, SHOWN))
      lines.push(
        `  ${one.attemptId ?? one.id}  ${one.reason.code}  ${cut(one.reason.message, 50)}  ${age(one.since, now)}`,
      );
    lines.push("  work through them: `patch.moi interventions`");
  }
  if (toLand.length > 0) {
    lines.push(colors.yellow(`Waiting to be landed (${toLand.length}):`));
    for (const one of toLand.slice(0, SHOWN))
      lines.push(
        `  ${one.stackId}  ${one.tag ?? shortRef(one.ref)}: \`patch.moi land ${one.attemptId}\`  ${age(one.createdAt, now)}`,
      );
    if (toLand.length > SHOWN) lines.push("  all of them: `patch.moi candidates`");
  }
  return lines.length === 0 ? colors.green("Nothing waits for a person.") : lines.join("\n");
}
