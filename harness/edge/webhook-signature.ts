/**
 * The signature that forges put on their webhooks.
 *
 * @module
 */
import { toHex } from "../../worker/auth/digest.ts";

/** HMAC-SHA256 of the body, hex. */
export async function hmac(secret: string, body: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["sign"]);
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes)));
}
