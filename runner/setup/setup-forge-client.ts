/**
 * The forge of a repository as a person's own machine reaches it: which kind it is, and with whose token.
 *
 * @module
 */
import {
  type ForgeKind,
  type ForgeRepository,
  type ForgeSettings,
  forgeRepository,
} from "../../worker/contract/forge.ts";
import type { Forge } from "../../worker/forges/forge.ts";
import { forgeClient } from "../../worker/forges/forge-client.ts";
import { exchange } from "../client/http.ts";
import type { Environment } from "../client/settings.ts";
import { forgeToken } from "./forge-token.ts";

export type SetupForge = {
  forge: Forge;
  repository: ForgeRepository;
  /** What a stack says of it: nothing for a host that is known by its name. */
  settings: ForgeSettings | undefined;
  /** Whether a token is sent, and where it is from. */
  token: { from: string; known: boolean };
};

export type Found = { ok: true; found: SetupForge } | { ok: false; message: string };

/** A person asks from their own machine: private names and plain http are theirs to use. */
const OUTBOUND = { allowLocal: true, allowPrivate: true };

/** How long a look at an unknown host may take, milliseconds. */
const LOOK_MS = 10_000;

export async function findForge(
  url: string,
  given: { kind?: ForgeKind | undefined; apiUrl?: string | undefined },
  dir: string,
  env: Environment,
): Promise<Found> {
  const known = given.kind === undefined ? forgeRepository({ url }) : { ok: false as const, message: "" };
  const kind = known.ok ? known.repository.kind : (given.kind ?? (await lookedAt(url)));
  if (kind === undefined) return known.ok ? { ok: false, message: "" } : known;
  const settings: ForgeSettings = { kind, ...(given.apiUrl === undefined ? {} : { apiUrl: given.apiUrl }) };
  const place = forgeRepository({ url, forge: settings });
  if (!place.ok) return place;
  const { token, from } = await forgeToken(place.repository, dir, env);
  return {
    ok: true,
    found: {
      forge: forgeClient(place.repository, token, OUTBOUND),
      repository: place.repository,
      settings: known.ok && given.apiUrl === undefined ? undefined : settings,
      token: { from, known: token !== undefined },
    },
  };
}

/** What an unknown host says it is; each forge has an address that the others do not. Nobody's token is sent. */
async function lookedAt(url: string): Promise<ForgeKind | undefined> {
  const probe = forgeRepository({ url, forge: { kind: "gitlab" } });
  if (!probe.ok) return undefined;
  const { origin } = new URL(probe.repository.webUrl);
  const says = async (path: string, what: (status: number, text: string) => boolean) => {
    const sent = await exchange({ method: "GET", url: new URL(path, origin), timeoutMs: LOOK_MS });
    return sent.ok && what(sent.answer.status, sent.answer.text);
  };
  if (await says("/api/v1/version", (status, text) => status === 200 && text.includes('"version"'))) return "forgejo";
  // GitLab tells its version only to those it knows; that it wants to know is enough.
  if (await says("/api/v4/version", (status, text) => (status === 401 || status === 200) && text.startsWith("{")))
    return "gitlab";
  if (
    await says("/api/v3/meta", (status, text) => status === 200 && text.includes("verifiable_password_authentication"))
  )
    return "github";
  return undefined;
}
