/**
 * Sessions of the console: a signed cookie that names the token it was opened with, and form tokens.
 *
 * Nothing is stored. A session is worth as much as its token is when it is used: the token's row is read
 * again every time, so a deleted, expired or remade token ends its sessions at once, and a new signing
 * key ends them all.
 *
 * @module
 */
import { z } from "zod";
import { sameSecret } from "./digest.ts";

/** How long one signing-in lasts, seconds. */
export const SESSION_SECONDS = 12 * 3600;

const Claims = z.strictObject({
  /** Random; what the session's form tokens are bound to. */
  id: z.string().min(16),
  token: z.string().min(1),
  /** MAC of the hash of the token's secret: a token remade under the same name is another token. */
  proof: z.string().min(1),
  /** Seconds since the epoch. */
  expires: z.int(),
});

export type Session = z.infer<typeof Claims>;

/** Signs and checks with a key derived for the console alone; see `derived-keys.ts`. */
export class SessionSeal {
  private readonly key: string;

  constructor(key: string) {
    this.key = key;
  }

  /** The cookie of a new session. `hash` is that of the token's secret, `now` in milliseconds. */
  async open(token: string, hash: string, now: number): Promise<string> {
    const id = crypto.randomUUID();
    const expires = Math.floor(now / 1000) + SESSION_SECONDS;
    const claims: Session = { id, token, proof: await this.mac("token", hash), expires };
    const body = toBase64Url(new TextEncoder().encode(JSON.stringify(claims)));
    return `${body}.${await this.mac("session", body)}`;
  }

  /** The session of a cookie; undefined when it is not ours, not whole or over. */
  async read(cookie: string, now: number): Promise<Session | undefined> {
    const [body, mac, ...more] = cookie.split(".");
    if (body === undefined || mac === undefined || more.length > 0) return undefined;
    if (!(await sameSecret(mac, await this.mac("session", body)))) return undefined;
    const claims = Claims.safeParse(parse(body));
    return claims.success && claims.data.expires * 1000 > now ? claims.data : undefined;
  }

  /** Whether the session was opened with the token whose secret has this hash. */
  async openedWith(session: Session, hash: string): Promise<boolean> {
    return sameSecret(session.proof, await this.mac("token", hash));
  }

  /** What every form of a session carries; `binding` names the session. */
  formToken(binding: string): Promise<string> {
    return this.mac("form", binding);
  }

  async isFormToken(given: string, binding: string): Promise<boolean> {
    return sameSecret(given, await this.formToken(binding));
  }

  private async mac(use: "session" | "token" | "form", text: string): Promise<string> {
    const encoder = new TextEncoder();
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", encoder.encode(this.key), algorithm, false, ["sign"]);
    const data = encoder.encode(JSON.stringify([use, text]));
    return toBase64Url(new Uint8Array(await crypto.subtle.sign("HMAC", key, data)));
  }
}

function parse(body: string): unknown {
  try {
    const text = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0))));
  } catch {
    return undefined;
  }
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
