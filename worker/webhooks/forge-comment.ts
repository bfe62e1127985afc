/**
 * A comment on a proposal or issue of ours: what it asks for is done when the forge confirms who wrote it, and
 * that they may write to the repository.
 *
 * Nothing of that is taken from the webhook: whoever knows the source's secret could write it there.
 *
 * @module
 */
import type { Comment, CommentPlace, Forge, ForgeFailure } from "../forges/forge.ts";
import { passes } from "../forges/forge.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { type CommentCommand, commentCommand } from "../review/comment-command.ts";
import { readMarker } from "../review/marker.ts";

/** A comment is a person's word for so long, milliseconds: deliveries are sent again later than that. */
const FRESH_MS = 3_600_000;
/** The forge's clock may be ahead. */
const SKEW_MS = 300_000;

export type Asked = { stackId: string; attemptId: string; author: string; command: CommentCommand };

/** `later`: the forge could not be asked, and the delivery should come again. */
export type NotAsked = { why: string; later: boolean };

/** Who asks for what; `now` in milliseconds, `said` the text as the webhook has it. */
export async function readAsked(
  forge: Forge,
  place: CommentPlace,
  said: string,
  now: number,
): Promise<Result<Asked, NotAsked>> {
  const wanted = commentCommand(said);
  if (wanted === undefined) return no("not a command");
  const comment = await forge.comment(place);
  if (!comment.ok) return unasked(comment.failure);
  const unfit = whyUnfit(comment.value, wanted, now);
  if (unfit !== undefined || comment.value === undefined) return no(unfit ?? "there is no such comment");
  const { author } = comment.value;
  const self = await forge.self();
  if (!self.ok) return unasked(self.failure);
  if (author === self.value) return no("our own comment");
  const opening = await forge.opening(place);
  if (!opening.ok) return unasked(opening.failure);
  const marker = opening.value?.author === self.value ? readMarker(opening.value.body) : undefined;
  if (marker === undefined) return no("not on a proposal or issue of ours");
  const permission = await forge.permission(author);
  if (!permission.ok) return unasked(permission.failure);
  if (permission.value !== "write" && permission.value !== "admin")
    return no(`'${author}' may not write to the repository`);
  return ok({ stackId: marker.stack, attemptId: marker.attempt, author, command: wanted });
}

function whyUnfit(comment: Comment | undefined, wanted: CommentCommand, now: number): string | undefined {
  if (comment === undefined) return "there is no such comment";
  if (comment.bot) return "a program wrote it";
  if (comment.edited) return "the comment was changed";
  if (JSON.stringify(commentCommand(comment.body)) !== JSON.stringify(wanted)) return "the comment says something else";
  const age = now - Date.parse(comment.createdAt);
  return age >= -SKEW_MS && age <= FRESH_MS ? undefined : "the comment is older than an hour";
}

function no(why: string): Result<never, NotAsked> {
  return fail({ why, later: false });
}

function unasked(failure: ForgeFailure): Result<never, NotAsked> {
  return fail({ why: failure.message, later: passes(failure) });
}
