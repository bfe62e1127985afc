/**
 * A repository elsewhere, as git is told of it: its address, the one transport that address names,
 * and the runner's credential for that host and no other.
 *
 * @module
 */
import type { Environment } from "../client/settings.ts";
import type { GitOptions } from "../git/process.ts";

export type Remote = {
  /** How messages call it. */
  what: string;
  url: string;
  options: Pick<GitOptions, "config" | "protocols">;
};

/**
 * The credential is `PATCH_MOI_GIT_TOKEN`, sent as the password of `PATCH_MOI_GIT_USER` (forges take
 * any name beside a token) to the hosts in `PATCH_MOI_GIT_HOSTS`, or to the fork's host when that is
 * not set. It goes to git through its environment and so stands in no argument list and no file.
 */
export function describeRemote(what: string, url: string, forkUrl: string, env: Environment): Remote {
  return { what, url, options: { protocols: [protocolOf(url)], config: credential(url, forkUrl, env) } };
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol.slice(0, -1) : "file";
}

function credential(url: string, forkUrl: string, env: Environment): Record<string, string> {
  const token = env.PATCH_MOI_GIT_TOKEN ?? "";
  if (token === "" || !URL.canParse(url)) return {};
  const { origin, protocol, host, hostname } = new URL(url);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback(hostname))) return {};
  const fork = URL.canParse(forkUrl) ? new URL(forkUrl).host : "";
  const hosts = (env.PATCH_MOI_GIT_HOSTS ?? fork).split(",").map((name) => name.trim());
  if (!hosts.includes(host)) return {};
  const user = env.PATCH_MOI_GIT_USER ?? "x-access-token";
  const basic = Buffer.from(`${user}:${token}`).toString("base64");
  return { [`http.${origin}/.extraHeader`]: `Authorization: Basic ${basic}` };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
