/**
 * Fails when `worker/store/schema.ts` says something that `migrations/` does not.
 *
 * drizzle-kit has no dry run, so it generates into a copy of `migrations/`: what is new there is
 * what nobody has generated yet.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const missing = missingMigration();
if (missing !== undefined) {
  process.stderr.write(
    `migrations/ lacks a migration for worker/store/schema.ts: run 'npm run migrations' and commit what it writes.\n${missing}\n`,
  );
  process.exitCode = 1;
}

/** The SQL that drizzle-kit would add, or its questions; undefined when there is nothing to add. */
function missingMigration(): string | undefined {
  // Inside the project: drizzle-kit takes `out` only relative to where it runs, and needs node_modules.
  const scratch = mkdtempSync(join(ROOT, "node_modules", ".migrations-"));
  try {
    const copy = join(scratch, "migrations");
    cpSync(join(ROOT, "migrations"), copy, { recursive: true });
    const before = new Set(readdirSync(copy));
    const config = join(scratch, "drizzle.config.json");
    const out = `./node_modules/${basename(scratch)}/migrations`;
    writeFileSync(config, JSON.stringify({ dialect: "sqlite", schema: "./worker/store/schema.ts", out }));
    const kit = join(ROOT, "node_modules", "drizzle-kit", "bin.cjs");
    if (!existsSync(kit)) throw new Error("drizzle-kit is not installed: run 'npm ci'");
    const run = spawnSync(
      process.execPath,
      [kit, "generate", `--config=./node_modules/${basename(scratch)}/drizzle.config.json`],
      // A renamed column makes drizzle-kit ask which one it was; without a terminal it gives up, and exits with 0.
      { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" },
    );
    const added = readdirSync(copy).filter((name) => name.endsWith(".sql") && !before.has(name));
    if (added.length > 0) return added.map((name) => readFileSync(join(copy, name), "utf8")).join("\n");
    if (run.status === 0 && run.stdout.includes("No schema changes")) return undefined;
    return `drizzle-kit could not tell by itself:\n${run.stdout}${run.stderr}`;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
