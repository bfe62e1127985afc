/**
 * Keeps credentials sealed, and opens the one that a host may be sent.
 *
 * @module
 */
import type { CredentialInput, CredentialKind, Resealed } from "../contract/credential.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { SealingKey, Settings } from "../platform/settings.ts";
import {
  type CredentialRow,
  credentialsFor,
  findCredential,
  insertCredential,
  replaceSeal,
  sealedOtherwise,
} from "../store/credentials.ts";
import type { Database } from "../store/database.ts";
import { importPrivateKey } from "./private-key.ts";
import { SealedValue, seal, unseal } from "./sealed-value.ts";

/** A credential in the hand of the code that sends it. Never logged, never kept. */
export type OpenCredential = {
  name: string;
  kind: CredentialKind;
  host: string;
  appId?: string;
  installationId?: number;
  value: string;
  /** Until when its host takes no more requests with it, ISO 8601; it may be past. */
  limitedUntil?: string;
};

export type CredentialFailure = {
  code: "no_sealing_key" | "no_credential" | "several_credentials" | "wrong_credential" | "sealed_credential";
  message: string;
};

/** What to open: the one named, or the only one that the host has of these kinds. */
export type Wanted = { host: string; kinds: readonly CredentialKind[]; name?: string | undefined };

export type AddFailure = { code: "no_sealing_key" | "name_taken" | "bad_private_key"; message: string };

/** Seals and stores. */
export async function addCredential(
  db: Database,
  settings: Settings,
  input: CredentialInput,
  createdAt: string,
): Promise<Result<CredentialRow, AddFailure>> {
  const key = settings.sealingKeys[0];
  if (key === undefined) return fail({ code: "no_sealing_key", message: NO_SEALING_KEY });
  if (input.kind === "github-app" && (await importPrivateKey(input.value)) === undefined)
    return fail({
      code: "bad_private_key",
      message: "value: is not an RSA private key that can be read; download a new one from the app's settings",
    });
  const { name, kind, host } = input;
  const app = input.kind === "github-app" ? input : undefined;
  const row = {
    name,
    kind,
    host,
    appId: app?.appId ?? null,
    installationId: app?.installationId ?? null,
    ...(await sealed(key, input.value, { name, kind, host })),
    limitedUntil: null,
    createdAt,
  };
  if (!(await insertCredential(db, row)))
    return fail({ code: "name_taken", message: `credential '${name}' exists; remove it first to give it a new value` });
  return ok({ ...row, position: 0 });
}

/** Opens a credential for a host; it is never given for another one. */
export async function openCredential(
  db: Database,
  settings: Settings,
  wanted: Wanted,
): Promise<Result<OpenCredential, CredentialFailure>> {
  if (settings.sealingKeys.length === 0) return fail({ code: "no_sealing_key", message: NO_SEALING_KEY });
  const found = wanted.name === undefined ? await only(db, wanted) : await named(db, wanted, wanted.name);
  if (!found.ok) return found;
  const row = found.value;
  const opened = await unsealRow(settings.sealingKeys, row);
  if (!opened.ok)
    return fail({
      code: "sealed_credential",
      message: `credential '${row.name}' cannot be opened: ${opened.failure.message}`,
    });
  const { name, kind, host, appId, installationId, limitedUntil } = row;
  return ok({
    name,
    kind,
    host,
    value: opened.value,
    ...(appId === null ? {} : { appId }),
    ...(installationId === null ? {} : { installationId }),
    ...(limitedUntil === null ? {} : { limitedUntil }),
  });
}

/** Seals anew whatever an older key seals, so that the older key can go. */
export async function resealCredentials(db: Database, settings: Settings): Promise<Result<Resealed, AddFailure>> {
  const key = settings.sealingKeys[0];
  if (key === undefined) return fail({ code: "no_sealing_key", message: NO_SEALING_KEY });
  const resealed: string[] = [];
  const unreadable: string[] = [];
  for (let after = 0; ; ) {
    const rows = await sealedOtherwise(db, key.id, after, RESEAL_PAGE);
    for (const row of rows) {
      after = row.position;
      const opened = await unsealRow(settings.sealingKeys, row);
      if (!opened.ok) {
        unreadable.push(row.name);
        continue;
      }
      await replaceSeal(db, row, await sealed(key, opened.value, row));
      resealed.push(row.name);
    }
    if (rows.length < RESEAL_PAGE) return ok({ keyId: key.id, resealed, unreadable });
  }
}

const RESEAL_PAGE = 100;

const NO_SEALING_KEY =
  "credentials cannot be kept or used: set the secret PATCH_CREDENTIALS_KEYS to id:key, " +
  "with a key from `openssl rand -base64 32`";

type Owner = Pick<CredentialRow, "name" | "kind" | "host">;

async function sealed(key: SealingKey, value: string, owner: Owner): Promise<{ keyId: string; sealed: string }> {
  return { keyId: key.id, sealed: JSON.stringify(await seal(key, value, belongsTo(owner))) };
}

function unsealRow(keys: readonly SealingKey[], row: CredentialRow) {
  return unseal(keys, SealedValue.parse(JSON.parse(row.sealed)), belongsTo(row));
}

function belongsTo({ name, kind, host }: Owner): string[] {
  return [name, kind, host];
}

async function only(db: Database, { host, kinds }: Wanted): Promise<Result<CredentialRow, CredentialFailure>> {
  const [row, another] = await credentialsFor(db, host, kinds);
  if (row === undefined)
    return fail({
      code: "no_credential",
      message: `there is no credential for ${host}; add one with \`patch.moi credentials add\` (${kinds.join(" or ")})`,
    });
  if (another !== undefined)
    return fail({
      code: "several_credentials",
      message: `${host} has several credentials; say which one the stack uses in fork.forge.credential`,
    });
  return ok(row);
}

async function named(db: Database, wanted: Wanted, name: string): Promise<Result<CredentialRow, CredentialFailure>> {
  const row = await findCredential(db, name);
  if (row === undefined)
    return fail({
      code: "no_credential",
      message: `there is no credential '${name}'; add it with \`patch.moi credentials add\``,
    });
  if (row.host !== wanted.host || !wanted.kinds.includes(row.kind))
    return fail({
      code: "wrong_credential",
      message:
        `credential '${name}' is a ${row.kind} for ${row.host}; ` +
        `what is needed is a ${wanted.kinds.join(" or ")} for ${wanted.host}`,
    });
  return ok(row);
}
