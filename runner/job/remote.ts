/**
 * A repository elsewhere, as git is told of it: its address, the one transport that address names,
 * and the runner's credential for that host and no other.
 *
 * @module
 */
import type { Environment } from "../client/settings.ts";
import type { GitOptions } from "../git/process.ts";

/** Milliseconds: a large repository takes its time, and the attempt's deadline is above this anyway. */
export const FETCH_TIMEOUT_MS = 3600 * 1000;

export type Remote = {
  /** How messages call it. */
  what: string;
  url: string;
  options: Pick<GitOptions, "config" | "env" | "protocols">;
};

/**
 * The credential is `PATCH_MOI_GIT_TOKEN`, given as the password of `PATCH_MOI_GIT_USER` (forges take
 * any name beside a token) to the hosts in `PATCH_MOI_GIT_HOSTS`, or to the fork's host when that is
 * not set. A credential helper for that host alone hands it to git when the server asks for one: it
 * stands in no argument list and no file, and, unlike a header, does not follow a redirect elsewhere.
 */
export function describeRemote(what: string, url: string, forkUrl: string, env: Environment): Remote {
  return { what, url, options: { protocols: protocolsOf(url), ...credential(url, forkUrl, env) } };
}

/** Anything else (`ext::`, `fd::`, helpers of other names) is no address of a repository to us. */
const TRANSPORTS: ReadonlySet<string> = new Set(["https", "ssh", "http", "git", "file"]);

/** The transport that an address names; none at all for one that git would look up a helper for. */
function protocolsOf(url: string): string[] {
  // A plain path. `host:path` is one too, as far as we allow it: git takes it for ssh and refuses.
  if (!URL.canParse(url)) return ["file"];
  const protocol = new URL(url).protocol.slice(0, -1);
  return TRANSPORTS.has(protocol) && url.includes("://") ? [protocol] : [];
}

/** What git runs for a credential; the values are in its environment. */
const HELPER =
  '!f() { test "$1" != get || printf "username=%s\\npassword=%s\\n" "$PATCH_MOI_HELPER_USER" "$PATCH_MOI_HELPER_PASSWORD"; }; f';

function credential(url: string, forkUrl: string, env: Environment): Pick<GitOptions, "config" | "env"> {
  const token = env.PATCH_MOI_GIT_TOKEN ?? "";
  if (token === "" || !URL.canParse(url)) return {};
  const { origin, protocol, host, hostname } = new URL(url);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback(hostname))) return {};
  const fork = URL.canParse(forkUrl) ? new URL(forkUrl).host : "";
  const hosts = (env.PATCH_MOI_GIT_HOSTS ?? fork).split(",").map((name) => name.trim());
  if (!hosts.includes(host)) return {};
  const user = env.PATCH_MOI_GIT_USER ?? "x-access-token";
  return {
    config: { [`credential.${origin}.helper`]: HELPER },
    env: { PATCH_MOI_HELPER_USER: user, PATCH_MOI_HELPER_PASSWORD: token },
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
