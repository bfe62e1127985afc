/**
 * Which addresses the edge may fetch on somebody's word (feed sources, redirects, repositories).
 *
 * A Worker has no way into a private network of its own, but the same code runs under wrangler on
 * machines that do. Names are judged, not what they resolve to: the platform gives no DNS answer to
 * pin, hence the refusal of services that turn a name into any address.
 *
 * @module
 */
import ipaddr from "ipaddr.js";
import { fail, ok, type Result } from "./result.ts";

export type UrlPolicy = {
  /** http and loopback too: development and the harness only. */
  allowLocal: boolean;
  /** Names and addresses of private networks too: where a person asks from their own machine. */
  allowPrivate?: boolean;
  /** Hosts of this deployment: fetching oneself is never meant. */
  ownHosts?: readonly string[];
};

export type UrlRefusal = { code: "bad_url" | "forbidden_address"; message: string };

/** Longer addresses are not feeds. */
const MAX_URL_LENGTH = 2048;

/** Last labels that never name a public host (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal, custom). */
const INTERNAL_SUFFIXES = [
  "localhost",
  "local",
  "localdomain",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "arpa",
  "test",
  "example",
  "invalid",
  "onion",
  "alt",
] as const;

/** Public names that answer with whatever address they are asked for, or with loopback. */
const ADDRESS_SERVICES = [
  "nip.io",
  "sslip.io",
  "xip.io",
  "localtest.me",
  "lvh.me",
  "vcap.me",
  "lacolhost.com",
  "traefik.me",
  "backname.io",
  "local.gd",
  "localho.st",
  "1u.ms",
  "rbndr.us",
] as const;

/** Checks an address before it is fetched; the URL comes back parsed. */
export function checkUrl(text: string, policy: UrlPolicy): Result<URL, UrlRefusal> {
  if (text.length > MAX_URL_LENGTH) return refuse("bad_url", `the address is longer than ${MAX_URL_LENGTH} characters`);
  // The URL parser drops or rewrites these: what a person reads would not be what is fetched.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (/[\u0000-\u0020\u007f\\]/.test(text))
    return refuse("bad_url", "the address holds spaces, control characters or backslashes");
  if (!URL.canParse(text)) return refuse("bad_url", `'${text}' is not a URL`);
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return refuse("bad_url", `only https addresses are fetched, not '${url.protocol}'`);
  if (url.username !== "" || url.password !== "") return refuse("bad_url", "credentials do not belong in a URL");
  const host = url.hostname.toLowerCase().replace(/\.+$/, "");
  const loopback = isLoopback(host);
  if (policy.allowPrivate === true || (loopback && policy.allowLocal)) return ok(url);
  if (url.protocol === "http:" && !policy.allowLocal)
    return refuse("bad_url", "only https addresses are fetched, this one is http");
  const problem = hostProblem(host, policy);
  return problem === undefined ? ok(url) : refuse("forbidden_address", problem);
}

function hostProblem(host: string, policy: UrlPolicy): string | undefined {
  if (host === "") return "the address names no host";
  // The URL parser has already turned 0x7f.1, 2130706433, 0177.1 and full-width digits into four numbers.
  if (host.startsWith("[") || isAddress(host)) return `'${host}' is an IP address; use the host's name`;
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  if (labels.length < 2) return `'${host}' is a name of a local network`;
  if (INTERNAL_SUFFIXES.some((suffix) => suffix === last)) return `'.${last}' names are not public`;
  if (/^[0-9]+$/.test(last) || last.startsWith("0x")) return `'${host}' is not a host name`;
  const service = ADDRESS_SERVICES.find((name) => host === name || host.endsWith(`.${name}`));
  if (service !== undefined) return `'${service}' names stand for any address`;
  if (policy.ownHosts?.includes(host) === true) return `'${host}' is this deployment itself`;
  return undefined;
}

function isLoopback(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  return isAddress(bare) && ipaddr.process(bare).range() === "loopback";
}

/** A look first: the library throws and catches for what is no address, which costs more than all the rest. */
function isAddress(host: string): boolean {
  return /^[0-9a-fx:.%]+$/i.test(host) && ipaddr.isValid(host);
}

function refuse(code: UrlRefusal["code"], message: string): Result<never, UrlRefusal> {
  return fail({ code, message });
}
