/**
 * `patch.moi show`: one attempt with everything known of it, or one event with its attempts.
 *
 * @module
 */

import type { Command } from "commander";
import { AttemptDetail } from "../../worker/contract/attempt.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { describeAttemptDetail, describeEvent } from "./attempt-text.ts";
import { EventDetail } from "./event-detail.ts";
import { examples } from "./list.ts";

/** `<stackId>.<number>`; an event's id may look like that too, hence the second question. */
const ATTEMPT_ID = /^[a-z0-9._-]+\.[0-9]+$/;

export function registerShow(program: Command): void {
  program
    .command("show")
    .description("show an attempt (patches, conflicts, verification, timeline) or an event")
    .argument("<id>", "attempt id or event id")
    .addHelpText(
      "after",
      examples(["show web.12", "show patch:web-releases:v2.1.0:upstream.release", "show web.12 --json"]),
    )
    .action(async (id: string, _options: unknown, self: Command) => {
      const session = Session.of(self);
      if (!ATTEMPT_ID.test(id)) return showEvent(session, id);
      try {
        await showAttempt(session, id);
      } catch (error) {
        if (!(error instanceof CommandFailure) || error.code !== "not_found") throw error;
        await showEvent(session, id, error);
      }
    });
}

async function showAttempt(session: Session, id: string): Promise<void> {
  const request = { path: ["maintenance-attempts", id], answer: AttemptDetail };
  const answer = await session.watch(`reading ${id}`, session.api().request(request));
  session.answer(answer.raw, () => describeAttemptDetail(answer.value, Date.now()));
}

async function showEvent(session: Session, id: string, otherwise?: CommandFailure): Promise<void> {
  try {
    const request = { path: ["flow-events", id], answer: EventDetail };
    const answer = await session.watch(`reading ${id}`, session.api().request(request));
    session.answer(answer.raw, () => describeEvent(answer.value, Date.now()));
  } catch (error) {
    if (error instanceof CommandFailure && error.code === "not_found")
      throw new CommandFailure(
        "not_found",
        otherwise === undefined
          ? `there is no event '${id}'; see \`patch.moi events\``
          : `there is no attempt or event '${id}'; see \`patch.moi attempts\` and \`patch.moi events\``,
      );
    throw error;
  }
}
