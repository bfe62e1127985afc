/**
 * Standard Webhooks signatures (https://www.standardwebhooks.com) over the raw bytes of a body.
 *
 * Stricter than the specification's own library: the timestamp is digits and nothing else, at most
 * four signatures are looked at, a secret has at least 24 bytes.
 *
 * @module
 */
import { fromBase64, toBase64 } from "./base64.ts";

/** Furthest a timestamp may be from now, either way, seconds. */
export const TOLERANCE_SECONDS = 300;

/** Most signatures one header may carry; rotation needs two. */
export const MAX_SIGNATURES = 4;

export type WebhookHeaders = { "webhook-id": string; "webhook-timestamp": string; "webhook-signature": string };

export type VerifyFailure = "missing_header" | "bad_id" | "bad_timestamp" | "skewed" | "bad_signature";

/** Decodes `whsec_<base64>`; undefined for anything else or for fewer than 24 bytes. */
export function decodeSecret(secret: string): Uint8Array<ArrayBuffer> | undefined {
  if (!secret.startsWith("whsec_")) return undefined;
  const bytes = fromBase64(secret.slice("whsec_".length));
  return bytes !== undefined && bytes.length >= 24 ? bytes : undefined;
}

/** Encodes key bytes as `whsec_<base64>`. */
export function encodeSecret(bytes: Uint8Array): string {
  return `whsec_${toBase64(bytes)}`;
}

/** Signs a body; `now` in milliseconds since the epoch. Throws on a secret that is none. */
export async function signWebhook(secret: string, id: string, body: Uint8Array, now: number): Promise<WebhookHeaders> {
  const key = decodeSecret(secret);
  if (key === undefined) throw new TypeError("the secret is not a whsec_ secret of 24 bytes or more");
  const timestamp = String(Math.floor(now / 1000));
  const mac = await crypto.subtle.sign("HMAC", await importKey(key, "sign"), signedContent(id, timestamp, body));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${toBase64(new Uint8Array(mac))}`,
  };
}

/** Checks a signature against any of `secrets`; undefined means it holds. `now` in milliseconds. */
export async function verifyWebhook(
  secrets: readonly string[],
  headers: Headers,
  body: Uint8Array,
  now: number,
): Promise<VerifyFailure | undefined> {
  const id = headers.get("webhook-id");
  const timestamp = headers.get("webhook-timestamp");
  const signatures = headers.get("webhook-signature");
  if (id === null || timestamp === null || signatures === null) return "missing_header";
  if (!/^[\x21-\x7e]{1,256}$/.test(id)) return "bad_id";
  if (!/^[0-9]{1,12}$/.test(timestamp)) return "bad_timestamp";
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return "skewed";
  const candidates = signatures.split(" ");
  if (candidates.length > MAX_SIGNATURES) return "bad_signature";
  const content = signedContent(id, timestamp, body);
  for (const secret of secrets) {
    const bytes = decodeSecret(secret);
    if (bytes === undefined) continue;
    const key = await importKey(bytes, "verify");
    for (const candidate of candidates) {
      const mac = candidate.startsWith("v1,") ? fromBase64(candidate.slice(3)) : undefined;
      if (mac !== undefined && (await crypto.subtle.verify("HMAC", key, mac, content))) return undefined;
    }
  }
  return "bad_signature";
}

function importKey(bytes: Uint8Array<ArrayBuffer>, usage: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [usage]);
}

function signedContent(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const content = new Uint8Array(head.length + body.length);
  content.set(head);
  content.set(body, head.length);
  return content;
}
