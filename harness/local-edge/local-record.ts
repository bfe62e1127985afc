/**
 * The record of a local edge that does not run: the SQLite file of its one D1 database.
 *
 * @module
 */
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The file under a wrangler state folder; throws where there is not exactly one. */
export function recordFile(state: string): string {
  const folder = join(state, "v3", "d1", "miniflare-D1DatabaseObject");
  const files = globSync("*.sqlite", { cwd: folder }).filter((name) => name !== "metadata.sqlite");
  const [file, ...others] = files.map((name) => join(folder, name));
  if (file === undefined || others.length > 0 || !existsSync(file))
    throw new Error(`expected one D1 database in ${folder}: ${files.join(", ")}`);
  return file;
}

/**
 * Cloudflare keeps a queue's messages; wrangler has them in memory, and they end with it. Their batches of polls are
 * nobody's then, and would be made up for only after their lease of twenty minutes.
 */
export function releaseLostBatches(state: string): void {
  const record = new DatabaseSync(recordFile(state));
  try {
    const table = record.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'poll_batches'").get();
    if (table !== undefined) record.exec("DELETE FROM poll_batches");
  } finally {
    record.close();
  }
}
