/**
 * Which forge a repository lives on, and where that forge's API is.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { HttpUrl, Name } from "./primitives.ts";

/** Gitea is `forgejo`: what is used of both APIs is the same. */
export const ForgeKind = z.enum(["github", "forgejo", "gitlab"]);
export type ForgeKind = z.infer<typeof ForgeKind>;

/** `fork.forge` of a stack: what the address of the fork does not say by itself. */
export const ForgeSettings = z
  .strictObject({
    kind: ForgeKind,
    /** Where the API is, when not where such a forge has it by default. */
    apiUrl: HttpUrl.optional(),
    /** Name of the credential, when the host has several. */
    credential: Name.optional(),
  })
  .openapi("ForgeSettings");
export type ForgeSettings = z.infer<typeof ForgeSettings>;

/** A repository as its forge knows it. */
export type ForgeRepository = {
  kind: ForgeKind;
  /** Without a trailing slash. */
  apiUrl: string;
  /** Where people look at it, without a trailing slash. */
  webUrl: string;
  /** What its credentials are bound to. */
  host: string;
  /** Owner, or group and subgroups. */
  owner: string;
  name: string;
  /** Name of the credential, when the stack says which. */
  credential?: string;
};

/** Hosts whose forge is known by their name. */
const WELL_KNOWN: Readonly<Record<string, ForgeKind | undefined>> = {
  "github.com": "github",
  "gitlab.com": "gitlab",
  "codeberg.org": "forgejo",
  "gitea.com": "forgejo",
};

/** The forge of a stack's fork; a sentence where it cannot be told. */
export function forgeRepository(fork: {
  url: string;
  forge?: ForgeSettings | undefined;
}): { ok: true; repository: ForgeRepository } | { ok: false; message: string } {
  const place = placeOf(fork.url);
  if (place === undefined)
    return { ok: false, message: `the fork's address '${fork.url}' names no repository of a forge (host/owner/name)` };
  const kind = fork.forge?.kind ?? WELL_KNOWN[place.host];
  if (kind === undefined)
    return {
      ok: false,
      message: `which forge ${place.host} runs is not known; say so in the stack: "fork": { "url": …, "forge": { "kind": "github" | "forgejo" | "gitlab" } }`,
    };
  if (kind !== "gitlab" && place.owner.includes("/"))
    return { ok: false, message: `the fork's address '${fork.url}' is not host/owner/name, as ${kind} has them` };
  const origin = `${place.protocol}//${place.host}`;
  const apiUrl = (fork.forge?.apiUrl ?? defaultApiUrl(kind, place.host, origin)).replace(/\/+$/, "");
  return {
    ok: true,
    repository: {
      kind,
      apiUrl,
      webUrl: `${origin}/${place.owner}/${place.name}`,
      host: credentialHost(apiUrl),
      owner: place.owner,
      name: place.name,
      ...(fork.forge?.credential === undefined ? {} : { credential: fork.forge.credential }),
    },
  };
}

/** The host that a credential must be bound to in order to be sent to an API. */
export function credentialHost(apiUrl: string): string {
  const { host } = new URL(apiUrl);
  return host === "api.github.com" ? "github.com" : host;
}

function defaultApiUrl(kind: ForgeKind, host: string, origin: string): string {
  switch (kind) {
    case "github":
      return host === "github.com" ? "https://api.github.com" : `${origin}/api/v3`;
    case "forgejo":
      return `${origin}/api/v1`;
    case "gitlab":
      return `${origin}/api/v4`;
  }
}

type Place = { protocol: string; host: string; owner: string; name: string };

/** Host, owner and name of a clone address; the port of an ssh address says nothing of the web. */
function placeOf(url: string): Place | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, hostname, pathname } = new URL(url);
  const web = protocol === "http:" || protocol === "https:";
  const parts = pathname
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .split("/")
    .filter((part) => part !== "");
  const name = parts.at(-1);
  if (hostname === "" || name === undefined || parts.length < 2) return undefined;
  if (parts.some((part) => part === "." || part === "..")) return undefined;
  const decoded = parts.slice(0, -1).join("/");
  return { protocol: web ? protocol : "https:", host: web ? host : hostname, owner: decoded, name };
}
