/**
 * Text from a file the user named, or from standard input for `-`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { CommandFailure } from "../client/command-failure.ts";

const WHY: Readonly<Record<string, string | undefined>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder; name a file in it",
  EACCES: "it may not be read",
};

export function readInput(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new CommandFailure("cannot_read", `'${path}': ${WHY[code] ?? String(error)}`, 2);
  }
}
