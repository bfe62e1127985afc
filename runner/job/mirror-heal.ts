/**
 * A mirror that turns out to be damaged is made anew and the work done again, once: it is only a copy.
 *
 * @module
 */
import { GitError } from "../git/git-error.ts";
import { isDamaged, type Mirror, rebuildMirror } from "./mirror.ts";

/** `failureOf` answers the code of a result that a broken mirror may have caused. */
export async function healing<T>(
  mirror: Mirror,
  log: (text: string) => void,
  work: () => Promise<T>,
  failureOf: (result: T) => string | undefined,
): Promise<T> {
  let code: string;
  try {
    const result = await work();
    const failed = failureOf(result);
    if (failed === undefined || !(await isDamaged(mirror, failed))) return result;
    code = failed;
  } catch (error) {
    if (!(error instanceof GitError) || error.code === "aborted" || !(await isDamaged(mirror, error.code))) throw error;
    code = error.code;
  }
  mirror.signal.throwIfAborted();
  log(`the mirror is damaged (${code}); making it anew`);
  // A server may promise contents and then not give them out one by one.
  await rebuildMirror(mirror, "whole");
  return work();
}
