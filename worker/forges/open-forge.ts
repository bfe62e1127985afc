/**
 * Opens the forge of a stack's fork with the credential that its host has.
 *
 * @module
 */
import type { CredentialFailure, OpenCredential, Wanted } from "../auth/credential.ts";
import type { CredentialKind } from "../contract/credential.ts";
import { type ForgeKind, type ForgeSettings, forgeRepository } from "../contract/forge.ts";
import type { Outbound } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { Forge, Forged } from "./forge.ts";
import { forgeClient } from "./forge-client.ts";
import { InstallationTokens } from "./github/app.ts";
import { github } from "./github/github.ts";

export type ForgeContext = {
  /** Opens a stored credential for the host it is bound to. */
  credential: (wanted: Wanted) => Promise<Result<OpenCredential, CredentialFailure>>;
  outbound: Outbound;
  /** Kept by whoever opens forges often, so that an app's tokens are used until they end. */
  tokens?: InstallationTokens;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Keeps until when a credential's host takes no more requests with it, for all that open it after this. */
  limited: (credential: string, until: string) => Promise<void>;
};

const KINDS: Record<ForgeKind, readonly CredentialKind[]> = {
  github: ["github-app", "github-token"],
  forgejo: ["forgejo-token"],
  gitlab: ["gitlab-token"],
};

/**
 * The forge, ready to be asked; nothing has been sent yet. Nor is it, while the forge has said that it takes no
 * more with this credential: a limit that one stack has met is everybody's.
 */
export async function openForge(
  fork: { url: string; forge?: ForgeSettings | undefined },
  { credential: open, outbound, tokens = new InstallationTokens(), now, limited: keep }: ForgeContext,
): Forged<Forge> {
  const place = forgeRepository(fork);
  if (!place.ok) return fail({ code: "unknown_forge", message: place.message });
  const { kind, apiUrl, webUrl, host, owner, name } = place.repository;
  const opened = await open({ host, kinds: KINDS[kind], name: place.repository.credential });
  if (!opened.ok) return fail({ code: "no_credential", message: opened.failure.message });
  const credential = opened.value;
  const until = credential.limitedUntil;
  if (until !== undefined && Date.parse(until) > now())
    return fail({
      code: "rate_limited",
      until,
      message: `${host} limits how often credential '${credential.name}' may ask; it is asked nothing until ${until}`,
    });
  const limited = (time: string) => keep(credential.name, time);
  if (credential.kind !== "github-app") return ok(forgeClient(place.repository, credential.value, outbound, limited));
  const where = { apiUrl, host, outbound, limited };
  const repository = { owner, name };
  return ok(
    github({
      caller: where,
      repository,
      webUrl,
      authorize: (permissions) => tokens.token(credential, where, repository, permissions),
      self: () => tokens.login(credential, where),
    }),
  );
}
