/**
 * Bytes to text: the byte order mark decides, then the Content-Type header, then the XML prolog
 * (RFC 7303 section 3), then UTF-8.
 *
 * @module
 */
import { fail, ok, type Result } from "../platform/result.ts";
import type { FeedFailure } from "./parsed-feed.ts";

/** Decodes a body; bytes that are wrong in its charset become U+FFFD and cost nothing else. */
export function decodeFeedText(bytes: Uint8Array, contentType: string | undefined): Result<string, FeedFailure> {
  const charset = byBom(bytes) ?? byHeader(contentType) ?? byProlog(bytes) ?? "utf-8";
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset);
  } catch {
    return fail({ code: "feed_charset", message: `the server sent text in the unknown charset '${charset}'` });
  }
  // NUL bytes and their like are allowed nowhere in XML or JSON; a stray one should not cost the feed.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed here
  return ok(decoder.decode(bytes).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]+/g, ""));
}

function byBom(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  // Without a mark, two-byte text shows by the NUL beside its first character.
  if (bytes[0] === 0x3c && bytes[1] === 0) return "utf-16le";
  if (bytes[0] === 0 && bytes[1] === 0x3c) return "utf-16be";
  return undefined;
}

function byHeader(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType ?? "")?.[1];
}

function byProlog(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 256));
  const declared = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(head)?.[1];
  // The prolog could be read as single bytes, so it is not two-byte text, whatever it claims.
  return declared !== undefined && /^utf-?16|^ucs-?2|^iso-10646/i.test(declared) ? undefined : declared;
}
