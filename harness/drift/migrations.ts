/**
 * Fails when `worker/store/schema.ts` says something that `migrations/` does not.
 *
 * drizzle-kit has no dry run, so it generates into a copy of `migrations/`: what is new there is
 * what nobody has generated yet.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const missing = missingMigration();
if (missing !== undefined) {
  process.stderr.write(
    `migrations/ lacks a migration for worker/store/schema.ts: run 'npm run migrations' and commit it. It would be:\n${missing}\n`,
  );
  process.exitCode = 1;
}

/** The SQL that drizzle-kit would add, or undefined. */
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
    execFileSync(
      process.execPath,
      [kit, "generate", `--config=./node_modules/${basename(scratch)}/drizzle.config.json`],
      {
        cwd: ROOT,
        // A renamed column makes drizzle-kit ask which one it was: with no stdin it fails instead, which is drift too.
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const added = readdirSync(copy).filter((name) => name.endsWith(".sql") && !before.has(name));
    if (added.length === 0) return undefined;
    return added.map((name) => readFileSync(join(copy, name), "utf8")).join("\n");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
