/**
 * The edge's sources as they are now, in a folder of their own.
 *
 * wrangler reloads the Worker when a source changes. What a rehearsal or a test shows has to be one
 * state of the code, also when somebody works on it meanwhile and also after a restart.
 *
 * @module
 */
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./wrangler.ts";

/** What wrangler reads to build and run the Worker. */
const PARTS = [
  "worker",
  "durable-objects",
  "migrations",
  "public",
  "wrangler.toml",
  "package.json",
  "tsconfig.json",
] as const;

/** Copies them from the project, or from another version of it, into `folder`; the packages stay where they are. */
export function freezeProject(folder: string, project = PROJECT): void {
  mkdirSync(folder, { recursive: true });
  for (const part of PARTS) cpSync(join(project, part), join(folder, part), { recursive: true });
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"), "dir");
}
