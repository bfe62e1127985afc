/**
 * Secrets that are derived, not stored: nothing in D1 lets anyone sign as a runner.
 *
 * @module
 */
import { encodeSecret } from "../contract/standard-webhooks.ts";

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

/** Signs the sessions and forms of the console. */
export function consoleKey(signingKey: string): Promise<string> {
  return derive(signingKey, ["console"]);
}

async function derive(signingKey: string, parts: string[]): Promise<string> {
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(signingKey),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  // JSON keeps the parts apart: no two lists of parts give the same text.
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(JSON.stringify(parts)));
  return encodeSecret(new Uint8Array(mac));
}
