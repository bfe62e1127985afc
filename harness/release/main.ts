/**
 * `npm run release [-- patch|minor|major|VERSION] [--yes]`: version, changelog section and tag, in this clone alone.
 *
 * Without `--yes` it says what it would do. Nothing leaves the machine: pushing is said, not done.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { planRelease } from "./plan.ts";

const FILES = ["package.json", "package-lock.json", "CHANGELOG.md"] as const;

const { wanted, yes } = readArguments();
const folder = process.cwd();
const dirty = git("status", "--porcelain");
if (dirty !== "") refuse("dirty", `commit or stash what is changed first:\n${dirty}`);
const [manifest, lock, changelog] = FILES.map((file) => readFileSync(join(folder, file), "utf8"));
const planned = planRelease(
  { "package.json": manifest ?? "", "package-lock.json": lock ?? "", "CHANGELOG.md": changelog ?? "" },
  wanted,
  new Date().toISOString().slice(0, 10),
);
if (!planned.ok) refuse(planned.code, planned.message);
else release(planned.plan);

function release({ version, tag, notes, files }: Extract<typeof planned, { ok: true }>["plan"]): void {
  if (git("tag", "--list", tag) !== "") refuse("tag_exists", `there is a tag ${tag} already`);
  process.stdout.write(`${version}\n\n${notes}\n\n`);
  if (!yes) {
    process.stdout.write(`would change ${Object.keys(files).join(", ")}, commit and tag ${tag}; do it with --yes\n`);
    return;
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  git("add", ...Object.keys(files));
  git("commit", "--quiet", "--message", `Release ${version}`);
  git("tag", "--annotate", tag, "--cleanup=verbatim", "--message", `${version}\n\n${notes}\n`);
  process.stdout.write(`tagged ${tag}; publish it: git push origin HEAD ${tag}\n`);
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trimEnd();
}

function refuse(code: string, message: string): never {
  process.stderr.write(`${code}: ${message}\n`);
  process.exit(code === "usage" ? 2 : 1);
}

function readArguments(): { wanted: string; yes: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { yes: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    return { wanted: positionals[0] ?? "minor", yes: values.yes };
  } catch (error) {
    return refuse(
      "usage",
      `${error instanceof Error ? error.message : String(error)}; npm run release [-- patch|minor|major|VERSION] [--yes]`,
    );
  }
}
