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
    head: ["step", "expected", "seen", "", "s"],
    style: { head: [], border: [], compact: true },
    colWidths: [34, 58, 58, 4, 7],
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  for (const step of rehearsal.steps) {
    const lines = Object.keys({ ...step.expected, ...step.seen }).map((what) => {
      const same = isDeepStrictEqual(step.expected[what], step.seen[what]);
      return {
        expected: `${what}: ${shown(step.expected[what])}`,
        seen: same ? "the same" : colors.red(shown(step.seen[what])),
      };
    });
    table.push([
      step.name,
      lines.map((line) => clip(line.expected)).join("\n"),
      lines.map((line) => clip(line.seen)).join("\n"),
      step.ok ? colors.green("ok") : colors.red("NO"),
      step.seconds.toFixed(1),
    ]);
  }
  return table.toString();
}

function shown(fact: Fact | undefined): string {
  return typeof fact === "string" ? fact : JSON.stringify(fact ?? null);
}

/** One line a fact, so that the two columns stay side by side; the whole of it is in `--json`. */
function clip(text: string): string {
  return text.length > 54 ? `${text.slice(0, 53)}…` : text;
}
