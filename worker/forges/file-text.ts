/**
 * Files as the contents APIs of forges carry them: base64 of UTF-8, in lines.
 *
 * @module
 */
import { fromBase64, toBase64 } from "../contract/base64.ts";

export function toBase64Text(text: string): string {
  return toBase64(new TextEncoder().encode(text));
}

/** Empty when it is no base64: an empty file is given as empty text. */
export function fromBase64Text(content: string): string {
  const bytes = fromBase64(content.replaceAll(/\s/g, ""));
  return bytes === undefined ? "" : new TextDecoder().decode(bytes);
}
