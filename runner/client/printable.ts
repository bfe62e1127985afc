/**
 * Text for a terminal: what upstream and others wrote may hold escape sequences, and printed as they
 * are these could move the cursor, hide text or set a window's title.
 *
 * @module
 */

/** Colours as this program prints them (colors.ts): one attribute, none that hides text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const OUR_COLORS = /^\u001b\[(?:0|1|2|22|3[0-9]|9[0-7])m/;

/** Control characters, and those that change the direction in which text is read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Control characters shown as `\u{1b}`, newlines and tabs kept; colours of ours too when `colored`. */
export function printable(text: string, colored: boolean): string {
  return text.replaceAll(UNPRINTABLE, (character, at: number) => {
    if (colored && character === "\u001b" && OUR_COLORS.test(text.slice(at, at + 6))) return character;
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}
