/**
 * Secrets at rest: AES-256-GCM under keys of the deployment.
 *
 * The newest key seals, older ones still open, so that keys can be changed without a moment in which
 * nothing works. What a secret belongs to goes in as additional data: a sealed value that is moved to
 * another row, kind or host does not open there.
 *
 * @module
 */
import { z } from "zod";
import { fromBase64, toBase64 } from "../contract/base64.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { SealingKey } from "../platform/settings.ts";

/** As D1 holds it. */
export const SealedValue = z.strictObject({
  v: z.literal(1),
  keyId: z.string(),
  /** 96 bits, never used twice with one key (NIST SP 800-38D section 8.2.2). */
  iv: z.string(),
  data: z.string(),
});
export type SealedValue = z.infer<typeof SealedValue>;

export type OpenFailure =
  /** The deployment no longer has the key it was sealed with. */
  | { code: "unknown_key"; message: string }
  /** Damaged, or sealed for something else. */
  | { code: "broken_seal"; message: string };

/** Seals with a key. `belongsTo` must be the same when it is opened. */
export async function seal(key: SealingKey, text: string, belongsTo: readonly string[]): Promise<SealedValue> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: additional(key.id, belongsTo) },
    await aesKey(key),
    new TextEncoder().encode(text),
  );
  return { v: 1, keyId: key.id, iv: toBase64(iv), data: toBase64(new Uint8Array(data)) };
}

export async function unseal(
  keys: readonly SealingKey[],
  sealed: SealedValue,
  belongsTo: readonly string[],
): Promise<Result<string, OpenFailure>> {
  const key = keys.find(({ id }) => id === sealed.keyId);
  if (key === undefined)
    return fail({
      code: "unknown_key",
      message: `it is sealed with the key '${sealed.keyId}', which PATCH_CREDENTIALS_KEYS does not hold`,
    });
  const [iv, data] = [fromBase64(sealed.iv), fromBase64(sealed.data)];
  if (iv === undefined || data === undefined) return broken(key);
  try {
    const how = { name: "AES-GCM", iv, additionalData: additional(key.id, belongsTo) };
    return ok(new TextDecoder().decode(await crypto.subtle.decrypt(how, await aesKey(key), data)));
  } catch {
    // WebCrypto tells no more than that it did not open, and neither must we.
    return broken(key);
  }
}

function broken(key: SealingKey): Result<never, OpenFailure> {
  return fail({
    code: "broken_seal",
    message: `the key '${key.id}' does not open it: the key or the record is another one`,
  });
}

function aesKey(key: SealingKey): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key.bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** JSON keeps the parts apart: no two lists of parts give the same bytes. */
function additional(keyId: string, belongsTo: readonly string[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(JSON.stringify(["patch.moi", 1, keyId, ...belongsTo])));
}
