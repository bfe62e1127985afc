/**
 * `patch.moi interventions`: everything that nobody but a person can move on, and what to do.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { Intervention } from "../../worker/contract/intervention.ts";
import { colors } from "../client/colors.ts";
import { Session } from "../client/session.ts";
import { age, wrap } from "../client/table.ts";
import { examples, parseLimit } from "./list.ts";

const Page = z.object({ interventions: z.array(Intervention), nextCursor: z.string().nullish() });

const WIDTH = 78;

export function registerInterventions(program: Command): void {
  program
    .command("interventions")
    .description("what waits for a person, oldest first, and what to do about it")
    .option("--limit <n>", "how many, 1 to 500 (50 when not given)", parseLimit)
    .option("--cursor <cursor>", "where the page before ended (its nextCursor)")
    .addHelpText("after", examples(["interventions", "interventions --json"]))
    .action(async (options: { limit?: number; cursor?: string }, self: Command) => {
      const session = Session.of(self);
      const request = { path: ["interventions"], query: { ...options }, answer: Page };
      const answer = await session.watch("reading interventions", session.api().request(request));
      session.answer(answer.raw, () => describePage(answer.value, Date.now()));
    });
}

function describePage({ interventions, nextCursor }: z.infer<typeof Page>, now: number): string {
  if (interventions.length === 0) return colors.green("Nothing waits for a person.");
  const parts = interventions.map((one) => describeIntervention(one, now));
  if (nextCursor != null) parts.push(colors.dim(`more: --cursor ${nextCursor}`));
  return parts.join("\n\n");
}

/** Id, age and reason, then what can be done, the usual thing first. */
export function describeIntervention(one: Intervention, now: number): string {
  const head = `${colors.bold(one.id)}  ${colors.yellow(one.reason.code)}  ${age(one.since, now)}`;
  const stack = one.stackId === undefined ? "" : `  stack ${one.stackId}`;
  const reason = wrap(one.reason.message, WIDTH).map((line) => `  ${line}`);
  const todo = commandsFor(one).flatMap((text) =>
    wrap(text, WIDTH - 2).map((line, index) => (index === 0 ? `  - ${line}` : `    ${line}`)),
  );
  return [head + stack, ...reason, ...todo].join("\n");
}

/** The server says what can be done; where this command line has a command for it, that command. */
function commandsFor(one: Intervention): string[] {
  const attempt = one.attemptId;
  if (one.kind === "attempt" && attempt !== undefined) {
    const local = one.reason.code === "conflict" ? [`resolve here: patch.moi resume ${attempt} --local`] : [];
    return [`look: patch.moi show ${attempt}`, ...local, ...one.whatToDo];
  }
  if (one.kind === "dead_letter") return [`${mended(one)} patch.moi redrive ${one.id}`];
  return one.whatToDo;
}

function mended({ whatToDo }: Intervention): string {
  return (whatToDo[0] ?? "mend what the message names").replace(/, then POST .*$/, ", then:");
}
