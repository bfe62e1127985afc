/**
 * What was asked for in a comment on the forge is on the attempt's timeline, and is answered where it was asked.
 *
 * @module
 */
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Draft } from "./draft.ts";
import type { Command, Refusal } from "./state.ts";

type Outcome = { attempt: AttemptRow | null; refused: Refusal | null };

export function answerComment(
  draft: Draft,
  { attemptId, word, place, actor }: Extract<Command, { type: "comment" }>,
  { attempt, refused }: Outcome,
): void {
  const said = refused === null ? done(draft, word, attempt) : `not done: ${refused.message}`;
  const reason = { code: refused?.code ?? "asked_on_forge", message: `'${word}' by a comment: ${said}`.slice(0, 4000) };
  draft.write({ kind: "note", actor, attemptId, reason, data: place });
  draft.answer(`${draft.stack.id}:comment:${place.id}`, attemptId, { place, text: `\`${word}\`: ${said}` });
}

function done({ stack }: Draft, word: string, attempt: AttemptRow | null): string {
  if (attempt !== null) return `${attempt.id} (${attempt.operation}) is ${attempt.status.replaceAll("_", " ")}`;
  if (stack.paused) return `stack ${stack.id} is paused; \`/patch.moi unpause\` lets it go on`;
  return word === "pause" ? `stack ${stack.id} is paused` : `stack ${stack.id} goes on`;
}
