/**
 * Secrets that are derived, not stored: nothing in D1 lets anyone sign as a runner.
 *
 * @module
 */
import { encodeSecret } from "../contract/standard-webhooks.ts";
import { toHex } from "./digest.ts";

/** The `whsec_` secret of a registered runner; a new `keyId` makes a new one. */
export function runnerSecret(signingKey: string, name: string, keyId: string): Promise<string> {
  return derive(signingKey, ["runner", name, keyId]);
}

/** The `whsec_` secret of a source's webhook; a new `keyId` makes a new one. */
export function webhookSecret(signingKey: string, sourceId: string, keyId: string): Promise<string> {
  return derive(signingKey, ["webhook", sourceId, keyId]);
}

/** The key that signs the callbacks of one claim. It is worth nothing once the attempt has moved on. */
export function callbackKey(signingKey: string, attemptId: string, epoch: number, nonce: string): Promise<string> {
  return derive(signingKey, ["callback", attemptId, String(epoch), nonce]);
}

/** The key that signs the result of one forecast. */
export function forecastKey(signingKey: string, stackId: string, nonce: string): Promise<string> {
  return derive(signingKey, ["forecast", stackId, nonce]);
}

/**
 * A random part for a secret that is kept as long as its owner, and what tells later which signing key it goes with: a
 * restored deployment may have another one, and must be able to say so.
 */
export async function newKeyId(signingKey: string): Promise<string> {
  return `${await keyMark(signingKey)}.${crypto.randomUUID()}`;
}

/** Tells one signing key from another, and nothing else of it. */
export async function keyMark(signingKey: string): Promise<string> {
  return toHex(await mac(signingKey, ["mark"])).slice(0, 12);
}

/** Whether a secret with this part was derived from another signing key; false where that is not known. */
export async function isOfAnotherKey(signingKey: string, keyId: string): Promise<boolean> {
  return keyId.includes(".") && !keyId.startsWith(`${await keyMark(signingKey)}.`);
}

/** Signs the sessions and forms of the console. */
export function consoleKey(signingKey: string): Promise<string> {
  return derive(signingKey, ["console"]);
}

async function derive(signingKey: string, parts: string[]): Promise<string> {
  return encodeSecret(await mac(signingKey, parts));
}

async function mac(signingKey: string, parts: string[]): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(signingKey),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  // JSON keeps the parts apart: no two lists of parts give the same text.
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(JSON.stringify(parts))));
}
