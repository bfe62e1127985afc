/**
 * Repositories for the engine's benchmark: an upstream on `main`, a stack on `fork`, both from one root.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface Shape {
  name: string;
  files: number;
  upstreamCommits: number;
  patches: number;
}

export const SHAPES: readonly Shape[] = [
  { name: "small", files: 1_000, upstreamCommits: 50, patches: 10 },
  { name: "large", files: 50_000, upstreamCommits: 300, patches: 200 },
  { name: "deep", files: 1_000, upstreamCommits: 20_000, patches: 20 },
];

/** Upstream commits that a warm mirror has not seen yet. */
export const NEW_COMMITS = 10;

const LINES = 40;
/** A patch changes the end of a file, upstream its beginning: they meet in files and never in lines. */
const UPSTREAM_LINE = 3;
const PATCH_LINE = 30;

/** Runs git as anybody would who compares us with it: its own defaults, no configuration of ours. */
export function plainGit(cwd: string, args: readonly string[], input?: string): string {
  return execFileSync("git", args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 1024 * 1024 * 1024,
    stdio: ["pipe", "pipe", "pipe"],
    ...(input === undefined ? {} : { input }),
    env: {
      PATH: process.env.PATH ?? "",
      HOME: "/nonexistent",
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_NAME: "Ada",
      GIT_AUTHOR_EMAIL: "ada@example.org",
      GIT_COMMITTER_NAME: "Bob",
      GIT_COMMITTER_EMAIL: "bob@example.org",
    },
  }).trim();
}

/** Makes the repository; branch `known` is what a warm mirror has of `main`. */
export function makeRepository(folder: string, shape: Shape): string {
  const dir = join(folder, shape.name);
  mkdirSync(dir);
  plainGit(dir, ["init", "--quiet", "--bare", "--initial-branch=main"]);
  plainGit(dir, ["fast-import", "--quiet", "--done"], importStream(shape));
  plainGit(dir, ["branch", "known", `main~${NEW_COMMITS}`]);
  // As a server would have it: what fast-import leaves is packed badly.
  plainGit(dir, ["repack", "-adfq"]);
  return dir;
}

function importStream({ files, upstreamCommits, patches }: Shape): string {
  const parts: string[] = [];
  let mark = 0;
  const commit = (branch: string, message: string, from: number, changed: ReadonlyMap<number, string>): number => {
    mark += 1;
    const date = `${1_700_000_000 + mark * 60} +0000`;
    const lines = [`commit refs/heads/${branch}`, `mark :${mark}`, `author Ada <ada@example.org> ${date}`];
    lines.push(`committer Ada <ada@example.org> ${date}`, `data ${message.length}`, message);
    if (from > 0) lines.push(`from :${from}`);
    for (const [file, text] of changed) lines.push(`M 100644 inline ${pathOf(file)}`, `data ${text.length}`, text);
    parts.push(`${lines.join("\n")}\n`);
    return mark;
  };
  const untouched = new Map<number, string[]>();
  const root = commit("main", "root", 0, new Map(Array.from({ length: files }, (_, file) => [file, textOf(file, [])])));
  const side = (branch: string, count: number, stride: number, line: number) => {
    const edits = new Map<number, string[]>(untouched);
    let tip = root;
    for (let i = 0; i < count; i += 1) {
      // A stride prime to the number of files wanders through all folders.
      const file = (i * stride) % files;
      const lines = edits.get(file) ?? [];
      lines[line + (i % 3)] = `${branch} ${i}`;
      edits.set(file, lines);
      tip = commit(branch, `${branch} ${i}`, tip, new Map([[file, textOf(file, lines)]]));
    }
  };
  side("main", upstreamCommits, 7_919, UPSTREAM_LINE);
  side("fork", patches, 6_007, PATCH_LINE);
  return `${parts.join("\n")}\ndone\n`;
}

function pathOf(file: number): string {
  return `d${file % 40}/e${Math.floor(file / 40) % 25}/f${file}.txt`;
}

function textOf(file: number, edits: readonly (string | undefined)[]): string {
  return `${Array.from({ length: LINES }, (_, line) => edits[line] ?? `file ${file} line ${line}`).join("\n")}\n`;
}
