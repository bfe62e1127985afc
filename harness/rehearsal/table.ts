/**
 * The table at the end: every fact, expected against seen.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import Table from "cli-table3";
import colors from "picocolors";
import type { Fact } from "./facts.ts";
import type { Rehearsal } from "./play.ts";

export function renderTable(rehearsal: Rehearsal): string {
  const table = new Table({
    head: ["step", "fact", "expected", "seen", ""],
    style: { head: [], border: [], compact: true },
    colWidths: [26, 32, 42, 42, 5],
    wordWrap: true,
  });
  for (const step of rehearsal.steps) {
    const facts = Object.keys({ ...step.expected, ...step.seen });
    table.push([
      `${step.name}\n${step.seconds.toFixed(1)} s`,
      facts.map((what) => clip(what, 30)).join("\n"),
      facts.map((what) => clip(shown(step.expected[what]), 40)).join("\n"),
      facts.map((what) => seen(step.expected[what], step.seen[what])).join("\n"),
      step.ok ? colors.green("ok") : colors.red("NO"),
    ]);
  }
  return table.toString();
}

function seen(expected: Fact | undefined, fact: Fact | undefined): string {
  const text = clip(shown(fact), 40);
  return isDeepStrictEqual(expected, fact) ? text : colors.red(text);
}

/** Object ids as short as git shows them; in `--json` they are whole. */
function shown(fact: Fact | undefined): string {
  const text = typeof fact === "string" ? fact : JSON.stringify(fact ?? null);
  return text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{28}\b/g, "$1");
}

/** One line a fact, so that the columns stay side by side. */
function clip(text: string, width: number): string {
  const line = text.replaceAll("\n", " ");
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
