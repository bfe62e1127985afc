/**
 * What a person asks for in a comment: `/patch.moi retry`, on its first line.
 *
 * @module
 */
import { z } from "zod";

/** `resume` goes on with an attempt that needs a person, and else with a stack that is paused. */
export const CommentWord = z.enum(["retry", "replay", "resume", "pause", "unpause", "land"]);
export type CommentWord = z.infer<typeof CommentWord>;

export type CommentCommand =
  | { word: CommentWord }
  /** Meant for us, and not understood. */
  | { word: undefined; said: string };

/** Undefined for a comment that is not meant for us. Whatever follows on other lines is for people. */
export function commentCommand(body: string): CommentCommand | undefined {
  const said = /^\s*\/patch\.moi(?:[ \t]+([^\r\n]*))?(?:\r?\n|$)/.exec(body);
  if (said === null) return undefined;
  const text = (said[1] ?? "").trim();
  const word = CommentWord.safeParse(text.toLowerCase());
  return word.success ? { word: word.data } : { word: undefined, said: text.slice(0, 100) };
}
