/**
 * What a forge's webhook says, under one name for all forges.
 *
 * @module
 */
import { z } from "zod";
import type { CommentPlace } from "../../forges/forge.ts";
import type { ToldMovement } from "../../intake/take-told.ts";

export type ForgeMessage = {
  /** Addresses of the repository it is about, as the forge writes them. */
  repository: string[];
  says:
    | { kind: "movement"; movement: ToldMovement }
    /** A pull request or a run changed: whoever waits for one should look. */
    | { kind: "progress" }
    /** Somebody has commented. What the message says of it is a hint: the forge is asked. */
    | { kind: "comment"; place: CommentPlace; body: string }
    /** Nothing that concerns us. */
    | { kind: "nothing"; why: string };
};

export type ForgeReader = {
  /** The forge's id of this delivery: the same when it is sent again. */
  deliveryId(headers: Headers): string | undefined;
  /** Whether the body comes from whoever knows the secret. */
  signed(secret: string, headers: Headers, body: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Undefined when the body is not what such an event looks like. */
  read(headers: Headers, body: unknown): ForgeMessage | undefined;
};

/** A movement of refs, by the full name of the ref. Deletions are none. */
export function movementOf(
  ref: string,
  push: { after: string; commit: string | undefined; passed: readonly string[]; repositoryId: string },
): ForgeMessage["says"] {
  if (/^0+$/.test(push.after)) return { kind: "nothing", why: "a deleted ref" };
  const tag = ref.startsWith("refs/tags/") ? ref.slice("refs/tags/".length) : undefined;
  if (tag !== undefined)
    return {
      kind: "movement",
      movement: { kind: "tag", tag, repositoryId: push.repositoryId, commit: push.commit },
    };
  if (!ref.startsWith("refs/heads/")) return { kind: "nothing", why: "a ref that is no branch and no tag" };
  const passed = push.passed.filter((sha) => sha !== push.after);
  return { kind: "movement", movement: { kind: "branch", ref, commit: push.after, passed } };
}

export const Sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
export const Ref = z.string().min(1).max(300);
export const Tag = z
  .string()
  .min(1)
  .max(250)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  .regex(/^[^\u0000-\u0020\u007f]+$/);
export const RepositoryId = z.int().min(1).transform(String);
/** Longest comment that is looked at, characters. */
export const MAX_COMMENT = 1_048_576;

/** A forge's number of something. */
export const Numbered = z.int().min(1);

/** Text of somebody else's, bounded like a feed's. */
export const Words = z
  .string()
  .nullish()
  .transform((text) => (text === null || text === undefined || text === "" ? undefined : text.slice(0, 4096)));
export const Time = z
  .string()
  .nullish()
  .transform((text) => {
    const at = Date.parse(text ?? "");
    return Number.isNaN(at) ? undefined : new Date(at).toISOString();
  });

/** HMAC-SHA-256 over the body, hex, under the secret's own text as forges take it. */
export async function hmacHolds(
  secret: string,
  hex: string | undefined,
  body: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (hex === undefined || !/^[0-9a-f]{64}$/i.test(hex)) return false;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["verify"]);
  const mac = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return crypto.subtle.verify("HMAC", key, mac, body);
}
