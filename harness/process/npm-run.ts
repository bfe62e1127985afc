/**
 * What npm starts for a line that somebody types, without npm in between: a signal reaches the script itself.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url).href);

const Manifest = z.object({ scripts: z.record(z.string(), z.string()) });

/**
 * @param line such as `npm run simulate -- --seeds 100`
 * @returns the script of package.json with what follows `--`, run by our Node
 * @throws when package.json has no such script, or not one that is a file for Node
 */
export function npmRun(line: string): { command: string; args: string[] } {
  const [, name = "", rest = ""] = /^npm run ([\w.:-]+)(?: -- (.*))?$/.exec(line) ?? [];
  const { scripts } = Manifest.parse(JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")));
  const [node, file, ...args] = scripts[name]?.split(" ") ?? [];
  if (node !== "node" || file === undefined) throw new Error(`${line}: no script of package.json that Node runs`);
  return { command: process.execPath, args: [join(PROJECT, file), ...args, ...rest.split(" ").filter(Boolean)] };
}
