/**
 * Whether a command said what its page shows, apart from what is another in every run: ids of objects, times, lengths
 * of time, and how wide a column is.
 *
 * @module
 */

/**
 * The lines shown that are missing; empty when all are there, one below the other. `…` on a line of its own stands
 * for any lines.
 */
export function missingOf(shown: string, said: string): string[] {
  const lines = said.split("\n").map(sameInEveryRun);
  let from = 0;
  for (const run of runsOf(shown)) {
    const at = lines.findIndex((_, index) => index >= from && run.every((line, n) => lines[index + n] === line));
    if (at < 0)
      return run.filter((line) => !lines.slice(from).includes(line)).concat(run.length > 1 ? ["(in a row)"] : []);
    from = at + run.length;
  }
  return [];
}

function runsOf(shown: string): string[][] {
  const runs: string[][] = [[]];
  for (const line of shown.split("\n"))
    if (line.trim() === "…") runs.push([]);
    else runs.at(-1)?.push(sameInEveryRun(line));
  return runs.filter((run) => run.length > 0);
}

function sameInEveryRun(line: string): string {
  return line
    .replaceAll(/\b[0-9a-f]{9,40}\b/g, "OID")
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z\b/g, "TIME")
    .replaceAll(/\b\d+(?:\.\d+)? ?(?:ms|s|m|min|h|d)\b/g, "LONG")
    .replaceAll(/\s+/g, " ")
    .trim();
}
