/**
 * What retry and replay have in common: a new attempt for an event that was accepted before.
 *
 * @module
 */
import type { Command } from "commander";
import { RetryAnswer } from "../../worker/contract/attempt.ts";
import { Session } from "../client/session.ts";
import { describeAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";

export function registerEventAction(program: Command, action: "retry" | "replay", description: string): void {
  program
    .command(action)
    .description(description)
    .argument("<event>", "event id, as `patch.moi events` lists it")
    .option("--stack <id>", "which stack, when the event was handed to several")
    .addHelpText(
      "after",
      examples([`${action} patch:web-releases:v2.1.0:upstream.release`, `${action} EVENT --stack web`]),
    )
    .action(async (id: string, options: { stack?: string }, self: Command) => {
      const session = Session.of(self);
      const body = options.stack === undefined ? {} : { stackId: options.stack };
      const request = { method: "POST" as const, path: ["flow-events", id, action], body, answer: RetryAnswer };
      const answer = await session.watch(action, session.api().request(request));
      session.answer(answer.raw, () => describeAttempt(answer.value.attempt));
    });
}
