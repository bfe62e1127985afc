import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { applyLocalMigrations } from "./local-migrations.ts";
import { PROJECT, WRANGLER } from "./wrangler.ts";

const folder = mkdtempSync(join(tmpdir(), "local-migrations-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("leaves wrangler nothing to apply, takes a later one by itself, and names one that D1 refuses", async () => {
  const project = join(folder, "project");
  const state = join(folder, "state");
  mkdirSync(project);
  for (const part of ["wrangler.toml", "migrations"])
    cpSync(join(PROJECT, part), join(project, part), { recursive: true });

  await applyLocalMigrations(project, state);
  expect(await wrangler("migrations", "list", "DB")).toContain("No migrations to apply");

  writeFileSync(join(project, "migrations", "9998_more.sql"), "CREATE TABLE more (a);--> statement-breakpoint\n");
  await applyLocalMigrations(project, state);
  expect(await wrangler("migrations", "list", "DB")).toContain("No migrations to apply");

  const faulty = "CREATE TABLE half (a);--> statement-breakpoint\nCREATE TABEL other (a);";
  writeFileSync(join(project, "migrations", "9999_faulty.sql"), faulty);
  await expect(applyLocalMigrations(project, state)).rejects.toThrow("migration 9999_faulty.sql");
  const tables = await wrangler("execute", "DB", "--command", "SELECT name FROM sqlite_master", "--json");
  expect(tables).toContain('"more"');
  expect(tables).not.toContain('"half"');

  async function wrangler(...args: string[]): Promise<string> {
    const all = [WRANGLER, "d1", ...args, "--local", "--persist-to", state];
    const env = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
    return (await promisify(execFile)(process.execPath, all, { cwd: project, env })).stdout;
  }
});
