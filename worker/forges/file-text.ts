/**
 * Files as the contents APIs of forges carry them: base64 of UTF-8, in lines.
 *
 * @module
 */
import { toBase64 } from "../contract/base64.ts";

export function toBase64Text(text: string): string {
  return toBase64(new TextEncoder().encode(text));
}
