/**
 * Paths as git writes them in line-based output: C-quoted when they hold unusual bytes.
 *
 * @module
 */

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** @param text one path as it stands in the output, every byte one character (latin1) */
export function unquotePath(text: string): string {
  if (!text.startsWith('"')) return Buffer.from(text, "latin1").toString("utf8");
  const bytes: number[] = [];
  for (let i = 1; i < text.length - 1; i += 1) {
    if (text[i] !== "\\") {
      bytes.push(text.charCodeAt(i));
      continue;
    }
    const octal = /^[0-7]{3}/.exec(text.slice(i + 1, i + 4));
    if (octal !== null) {
      bytes.push(Number.parseInt(octal[0], 8));
      i += 3;
    } else {
      bytes.push(ESCAPES[text[i + 1] ?? ""] ?? text.charCodeAt(i + 1));
      i += 1;
    }
  }
  return Buffer.from(bytes).toString("utf8");
}
