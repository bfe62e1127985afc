/**
 * Who commits carried patches, and with which key: the runner's operator says.
 *
 * @module
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { usageFailure } from "../client/command-failure.ts";
import type { Environment } from "../client/settings.ts";
import type { ReplayRequest } from "../git/replay-request.ts";
import { commitSigner, type SigningKey } from "../git/sign.ts";

/** `PATCH_MOI_COMMITTER` (`Name <email>`) and `PATCH_MOI_SIGNING_KEY`, for a replay. */
export function commitIdentity(env: Environment): Pick<ReplayRequest, "committer" | "sign"> {
  const committer = parseCommitter(env.PATCH_MOI_COMMITTER ?? "");
  const key = signingKey(env);
  return {
    ...(committer === undefined ? {} : { committer }),
    ...(key === undefined ? {} : { sign: commitSigner(key, env) }),
  };
}

/**
 * As git's `user.signingKey` and `gpg.format`: the format is told from the key's look when
 * `PATCH_MOI_SIGNING_FORMAT` does not say it; a path is an ssh key's.
 */
export function signingKey(env: Environment): SigningKey | undefined {
  const key = (env.PATCH_MOI_SIGNING_KEY ?? "").trim();
  if (key === "") return undefined;
  const asked = (env.PATCH_MOI_SIGNING_FORMAT ?? "").trim();
  if (asked !== "" && asked !== "ssh" && asked !== "openpgp")
    throw usageFailure(`PATCH_MOI_SIGNING_FORMAT '${asked}' is neither ssh nor openpgp`);
  if (key.startsWith("-")) throw usageFailure("PATCH_MOI_SIGNING_KEY is neither a path nor a key id");
  const format = asked === "" ? (/[\\/]/.test(key) ? "ssh" : "openpgp") : asked;
  return { key: key.startsWith("~/") ? join(homedir(), key.slice(2)) : key, format };
}

function parseCommitter(text: string): { name: string; email: string } | undefined {
  if (text.trim() === "") return undefined;
  const [, name, email] = /^\s*([^<>\r\n]+?)\s*<([^<>\s]+)>\s*$/.exec(text) ?? [];
  if (name === undefined || email === undefined)
    throw usageFailure(`PATCH_MOI_COMMITTER '${text}' is not of the form: Name <email>`);
  return { name, email };
}
