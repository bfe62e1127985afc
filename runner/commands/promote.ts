/**
 * `patch.moi promote`
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { AttemptAnswer, describeAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";

export function registerPromote(program: Command): void {
  program
    .command("promote")
    .description("move a channel to a candidate")
    .argument("<candidate>", "candidate id, for example web.12.c1")
    .requiredOption("--channel <name>", "which channel, for example public")
    .addHelpText("after", examples(["promote web.12.c1 --channel public"]))
    .action(async (id: string, { channel }: { channel: string }, self: Command) => {
      const session = Session.of(self);
      const path = ["candidates", id, "promote"];
      const request = { method: "POST" as const, path, body: { channel }, answer: AttemptAnswer };
      const answer = await session.watch(`promoting ${id}`, session.api().request(request));
      session.answer(answer.raw, () => describeAttempt(answer.value.attempt));
    });
}
