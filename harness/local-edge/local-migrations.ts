/**
 * The migrations, applied to a local D1 as `wrangler d1 migrations apply --local` does it and kept in its table.
 *
 * wrangler starts workerd anew for every migration, which was most of the time that a local edge needed
 * to be up; here one start takes them all. A deployment's D1 is migrated by wrangler itself.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { parse } from "smol-toml";
import { z } from "zod";

/** Of the project's configuration, what says which database is meant. */
const Configuration = z.object({
  compatibility_date: z.string(),
  d1_databases: z.tuple([z.object({ database_id: z.string(), migrations_dir: z.string() })]),
});

/** As much of D1 as is used here; miniflare's own type needs a package that nothing else does. */
type Statement = { bind(value: string): Statement; all(): Promise<{ results: unknown[] }> };
type Database = { prepare(sql: string): Statement; batch(statements: Statement[]): Promise<unknown> };

const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/**
 * Brings the database that `wrangler dev --persist-to <state>` will use up to the project's migrations,
 * each whole or not at all.
 *
 * @param project folder of `wrangler.toml`
 * @throws what D1 says of the first migration that it refuses, with the migration's name
 */
export async function applyLocalMigrations(project: string, state: string): Promise<void> {
  const toml = parse(readFileSync(join(project, "wrangler.toml"), "utf8"));
  const configuration = Configuration.parse(toml);
  const [{ database_id, migrations_dir }] = configuration.d1_databases;
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default {}",
      compatibilityDate: configuration.compatibility_date,
      d1Databases: { DB: database_id },
      resourcePersistencePath: join(state, "v3"),
      // Would be fetched from workers.cloudflare.com.
      cf: false,
    }),
  );
  try {
    await applyMissing((await worker.getD1Database("DB")) as Database, join(project, migrations_dir));
  } finally {
    await worker.dispose();
  }
}

async function applyMissing(d1: Database, folder: string): Promise<void> {
  await d1.prepare(TABLE).all();
  const { results } = await d1.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(
    z
      .object({ name: z.string() })
      .array()
      .parse(results)
      .map(({ name }) => name),
  );
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql") && !applied.has(name));
  for (const file of files.sort()) {
    const statements = readFileSync(join(folder, file), "utf8").split("--> statement-breakpoint");
    const note = d1.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(file);
    try {
      await d1.batch([...statements.map((sql) => d1.prepare(sql)), note]);
    } catch (error) {
      throw new Error(`migration ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
