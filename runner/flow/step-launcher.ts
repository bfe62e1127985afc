/**
 * Starts inside of a step's own process: loads the script of a `node`, `bun` or `code-mode` step, and
 * says how it ended where the script itself does not. Imports nothing of ours but what code mode
 * needs, since bun runs it too.
 *
 * A script may read its context from standard input and print its result itself; or be a module
 * whose default export is given the context and returns the result.
 *
 * @module
 */
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type CodeModeFlow, runCodeMode } from "./code-mode.ts";

const [mode, script = "", contextFile = ""] = process.argv.slice(2);

// What a script sees of its command line is its own.
process.argv.splice(1, 4, script);

const context = (): { flow: CodeModeFlow } => JSON.parse(readFileSync(contextFile, "utf8")) as { flow: CodeModeFlow };

if (mode === "code-mode") await runCodeMode(readFileSync(script, "utf8"), context().flow, sayResult);
else {
  const module = (await import(pathToFileURL(script).href)) as { default?: unknown };
  if (typeof module.default === "function") {
    const step = module.default as (context: unknown) => unknown;
    sayResult(await step(context()));
  }
}

/** Written at once and whole: a script may end the process right after. */
function sayResult(result: unknown): void {
  const line = Buffer.from(`\nFLOW_RESULT ${JSON.stringify(result ?? null)}\n`);
  let written = 0;
  while (written < line.length)
    try {
      written += writeSync(1, line, written);
    } catch (error) {
      // A full pipe that nobody has read yet: again.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
}
