/**
 * Which branch a remote calls its default.
 *
 * @module
 */
import { isRefName } from "../../worker/contract/primitives.ts";
import { gitText } from "../git/process.ts";
import { type Step, stopOfGit, stopped } from "./job-stop.ts";
import type { Mirror } from "./mirror.ts";
import type { Remote } from "./remote.ts";

/** Asked of the remote itself: a mirror's refs do not tell. */
export async function defaultBranch(mirror: Mirror, remote: Remote): Promise<Step<string>> {
  let text: string;
  try {
    text = await gitText(["ls-remote", "--quiet", "--symref", "--end-of-options", remote.url, "HEAD"], {
      ...remote.options,
      gitDir: mirror.gitDir,
      signal: mirror.signal,
    });
  } catch (error) {
    return stopOfGit(error, remote.what, remote.url);
  }
  const name = /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(text)?.[1];
  if (name !== undefined && isRefName(name)) return { ok: true, value: name };
  return stopped(
    "failed",
    "no_default_branch",
    `${remote.what} (${remote.url}) names no default branch; name one in policy.forecast.branch`,
  );
}
