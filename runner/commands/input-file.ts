/**
 * Text from a file the user named, or from standard input for `-`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { CommandFailure } from "../client/command-failure.ts";

export function readInput(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    const why =
      error instanceof Error && "code" in error && error.code === "ENOENT" ? "there is no such file" : String(error);
    throw new CommandFailure("cannot_read", `'${path}': ${why}`, 2);
  }
}
