/**
 * Acting as a GitHub App: a short JWT says which app, an installation token lets it act on one
 * repository with the permissions that are needed at the moment.
 *
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
 *
 * @module
 */
import { z } from "zod";
import { importPrivateKey } from "../../auth/private-key.ts";
import { toBase64Url } from "../../contract/base64.ts";
import { fail, ok } from "../../platform/result.ts";
import type { Forged } from "../forge.ts";
import { askForge, type Caller } from "../forge-request.ts";

/** The app's credential: its private key as PEM. */
export type AppCredential = {
  name: string;
  appId?: string;
  /** Found through the repository when absent. */
  installationId?: number;
  value: string;
};

type AppPlace = Pick<Caller, "apiUrl" | "host" | "outbound" | "limited">;

/** Permissions of an installation token, as GitHub names them. */
export type AppPermissions = Readonly<Record<string, "read" | "write">>;

/** A JWT may live ten minutes; clocks differ, so it begins a minute ago. */
const JWT_SECONDS = 540;
const CLOCK_SKEW_SECONDS = 60;

/** A token is not used in the last minutes before its end. */
const SPARE_MS = 5 * 60_000;

const Installation = z.object({ id: z.number() });
const AppFacts = z.object({ slug: z.string() });
const InstallationToken = z.object({ token: z.string().min(1), expires_at: z.iso.datetime({ offset: true }) });

type Kept = { token: string; until: number };

/** Installation tokens by app, repository and permissions. One per object or request: nothing is shared. */
export class InstallationTokens {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  constructor(now: () => number = () => Date.now()) {
    this.#now = now;
  }

  /** A token for one repository, with these permissions and no others. */
  async token(
    app: AppCredential,
    place: AppPlace,
    repository: { owner: string; name: string },
    permissions: AppPermissions,
  ): Forged<string> {
    const wanted = Object.entries(permissions).toSorted(([a], [b]) => a.localeCompare(b));
    const key = JSON.stringify([place.apiUrl, app.name, app.appId, repository.owner, repository.name, wanted]);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until - SPARE_MS > this.#now()) return ok(kept.token);
    const caller = this.asApp(app, place);
    const { owner, name } = repository;
    const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/installation`;
    const installation =
      app.installationId === undefined
        ? await askForge(caller, { path }, Installation)
        : ok({ id: app.installationId });
    if (!installation.ok)
      return installation.failure.code === "not_found"
        ? fail({
            ...installation.failure,
            message: `the GitHub App of credential '${app.name}' is not installed on ${owner}/${name}; install it there`,
          })
        : installation;
    const made = await askForge(
      caller,
      {
        method: "POST",
        path: `/app/installations/${installation.value.id}/access_tokens`,
        body: { repositories: [name], permissions: Object.fromEntries(wanted) },
      },
      InstallationToken,
    );
    if (!made.ok) return made;
    const { token, expires_at } = made.value;
    this.#kept.set(key, { token, until: Date.parse(expires_at) });
    return ok(token);
  }

  /** Login that the app writes as. */
  async login(app: AppCredential, place: AppPlace): Forged<string> {
    const facts = await askForge(this.asApp(app, place), { path: "/app" }, AppFacts);
    return facts.ok ? ok(`${facts.value.slug}[bot]`) : facts;
  }

  private asApp(app: AppCredential, place: AppPlace): Caller {
    return {
      ...place,
      authorization: async () => {
        const jwt = await appJwt(app.appId ?? "", app.value, this.#now());
        if (jwt === undefined)
          return fail({
            code: "no_credential",
            message: `the private key of credential '${app.name}' cannot be read; add the credential again`,
          });
        return ok({ ...GITHUB_HEADERS, authorization: `Bearer ${jwt}` });
      },
    };
  }
}

/** What every request to GitHub carries. */
export const GITHUB_HEADERS = {
  accept: "application/vnd.github+json",
  "x-github-api-version": "2022-11-28",
} as const;

/** RS256 over `{iat, exp, iss}` (RFC 7515, RFC 7518 section 3.3); `now` in milliseconds. */
export async function appJwt(appId: string, pem: string, now: number): Promise<string | undefined> {
  const key = await importPrivateKey(pem);
  if (key === undefined) return undefined;
  const iat = Math.floor(now / 1000) - CLOCK_SKEW_SECONDS;
  const parts = [
    { alg: "RS256", typ: "JWT" },
    { iat, exp: iat + CLOCK_SKEW_SECONDS + JWT_SECONDS, iss: appId },
  ];
  const text = parts.map((part) => toBase64Url(new TextEncoder().encode(JSON.stringify(part)))).join(".");
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, new TextEncoder().encode(text));
  return `${text}.${toBase64Url(new Uint8Array(signature))}`;
}
