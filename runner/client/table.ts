/**
 * Tables for people: aligned columns, no lines between them, cut to the terminal's width.
 *
 * @module
 */
import Table from "cli-table3";
import { colors } from "./colors.ts";

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

/** Rows under bold headings. Cells may hold colours. `indent` goes before every line. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], indent = ""): string {
  const made = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
    head: headings.map((heading) => colors.bold(heading)),
  });
  for (const row of rows) made.push([...row]);
  return made
    .toString()
    .split("\n")
    .map((line) => `${indent}${line}`.trimEnd())
    .join("\n");
}

/** Cuts text to `width` characters, marking the cut. */
export function cut(text: string, width: number): string {
  const flat = text.replaceAll(/\s+/g, " ").trim();
  const letters = Array.from(flat);
  return letters.length <= width ? flat : `${letters.slice(0, Math.max(1, width - 1)).join("")}…`;
}

/** A ref as people say it: without the folder that git keeps it in. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(?:tags|heads)\//, "");
}

/** `1 commit`, `2 commits`; `more` where the plural is not made with an s. */
export function count(number: number, noun: string, more = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : more}`;
}

/** Breaks text into lines of at most `width`, between words where it can. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (let word of paragraph.split(" ")) {
      while (word.length > width) {
        if (line !== "") lines.push(line);
        lines.push(word.slice(0, width));
        word = word.slice(width);
        line = "";
      }
      if (line === "") line = word;
      else if (line.length + 1 + word.length <= width) line += ` ${word}`;
      else {
        lines.push(line);
        line = word;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** Seconds, minutes, hours or days since `then`: `12s`, `5m`, `3h`, `8d`. */
export function age(then: string | undefined, now: number): string {
  if (then === undefined) return "-";
  const seconds = Math.max(0, Math.round((now - Date.parse(then)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}

/** A status word in the colour of what it asks of the reader. */
export function statusWord(status: string): string {
  if (["changed", "completed", "applied", "carried", "upstreamed", "ok"].includes(status)) return colors.green(status);
  if (["needs_intervention", "blocked", "adapted", "conflicted"].includes(status)) return colors.yellow(status);
  if (["failed", "timed_out"].includes(status)) return colors.red(status);
  if (["superseded", "skipped", "cancelled", "dismissed"].includes(status)) return colors.dim(status);
  return status;
}
