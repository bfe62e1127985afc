/**
 * Text of strangers in a pull request of ours: shown as it is, and without effect.
 *
 * Subjects and outputs come from upstream. In a body they could close issues, ping people, link back
 * into other trackers, or be HTML. In a code span none of that happens when the page is rendered; a
 * zero-width space keeps it from happening where the text is read raw, as a squash commit's message is.
 *
 * @module
 */

const ZERO_WIDTH_SPACE = "\u200b";

/** GitHub's, Forgejo's and GitLab's words that close an issue when a reference follows. */
const CLOSING =
  /\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|reopen(?:s|ed)?)(?=[\s:])/gi;

/** `#12`, `!12`, `GH-12`, `owner/repo#12`. */
const REFERENCE = /([#!]|\bGH-)(?=\d)/gi;

/** Takes the effect out of a text and leaves what a person reads. */
export function defused(text: string): string {
  return (
    text
      // Control characters and those that turn the direction of reading.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
      .replaceAll(CLOSING, `$&${ZERO_WIDTH_SPACE}`)
      .replaceAll(REFERENCE, `$1${ZERO_WIDTH_SPACE}`)
      .replaceAll(/@(?=[\w[-])/g, `@${ZERO_WIDTH_SPACE}`)
  );
}

/** A code span that holds any text, also inside a table (CommonMark section 6.1, GFM section 4.10). */
export function codeSpan(text: string): string {
  const line = defused(text).replaceAll(/\s+/g, " ").trim().replaceAll("|", "\\|");
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = longest > 0 ? " " : "";
  return line === "" ? "` `" : `${fence}${space}${line}${space}${fence}`;
}

/** A fenced block that holds any text (CommonMark section 4.5). */
export function codeBlock(text: string): string {
  const safe = defused(text);
  const longest = Math.max(2, ...(safe.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${safe.replace(/\n$/, "")}\n${fence}`;
}
