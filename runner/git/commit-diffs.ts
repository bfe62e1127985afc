/**
 * What many commits change, from one `git diff-tree --stdin`: the files, the changed lines, and the
 * patch-ids.
 *
 * @module
 */
import { PatchId } from "./patch-id.ts";
import { type GitOptions, runGit } from "./process.ts";
import type { Bring } from "./promised.ts";
import { unquotePath } from "./quoted-path.ts";

export interface FileChange {
  oldMode: string;
  newMode: string;
  oldOid: string;
  newOid: string;
  /** A, D, M or T: renames are not looked for, since a patch-id knows none. */
  status: string;
  path: string;
}

/** Changed lines of one file, trimmed; short and empty lines say nothing and are left out. */
export interface ChangedLines {
  removed: Set<string>;
  added: Set<string>;
  hunks: number;
}

export interface CommitDiff {
  changes: FileChange[];
  /** By path. Empty unless asked for. */
  lines: Map<string, ChangedLines>;
  /** As git has it; absent when nothing is changed. */
  patchId?: string;
  /** The same with white space told apart: what two commits that are the same change have in common. */
  exactId?: string;
}

/** Two commits or trees; what is told apart by `to` in the answer. `from` absent: the empty tree. */
export interface DiffPair {
  from: string | undefined;
  to: string;
}

export interface DiffOptions {
  patchIds?: boolean;
  lines?: boolean;
  /** Only these paths; all when absent. */
  paths?: readonly string[];
}

/** Its oid is a commit of another repository. */
const SUBMODULE = "160000";

/** Lines kept per file and side: more than any conflict needs, and a bound on memory. */
const MAX_LINES = 5_000;

/** Diffs by the `to` of their pair. */
export async function readDiffs(
  git: Pick<GitOptions, "gitDir" | "env" | "config" | "protocols" | "signal"> & { bring?: Bring },
  pairs: readonly DiffPair[],
  options: DiffOptions = {},
): Promise<Map<string, CommitDiff>> {
  const diffs = new Map<string, CommitDiff>();
  if (pairs.length === 0) return diffs;
  for (const { to } of pairs) diffs.set(to, { changes: [], lines: new Map() });
  const wantsText = options.patchIds === true || options.lines === true;
  if (wantsText && git.bring !== undefined) await git.bring(await blobsOf(git, pairs, options.paths));
  const args = ["diff-tree", "--stdin", "-r", "--root", "--no-renames", "--raw", "--no-abbrev"];
  if (wantsText) args.push("-p", "--full-index", "--no-ext-diff", "--no-textconv");
  if (options.paths !== undefined) args.push("--", ...options.paths);
  const parser = new DiffParser(diffs, options);
  await runGit(args, {
    ...git,
    input: pairs.map(({ from, to }) => (from === undefined ? `${to}\n` : `${to} ${from}\n`)).join(""),
    onStdout: (chunk) => parser.push(chunk),
  });
  parser.end();
  return diffs;
}

/** The contents that a diff's text is made of: known from trees alone. */
async function blobsOf(
  git: Parameters<typeof readDiffs>[0],
  pairs: readonly DiffPair[],
  paths: readonly string[] | undefined,
): Promise<Set<string>> {
  const diffs = await readDiffs(git, pairs, paths === undefined ? {} : { paths });
  const oids = new Set<string>();
  for (const { changes } of diffs.values())
    for (const { oldMode, oldOid, newMode, newOid } of changes) {
      if (oldMode !== SUBMODULE) oids.add(oldOid);
      if (newMode !== SUBMODULE) oids.add(newOid);
    }
  return oids;
}

/** Reads `diff-tree --raw [-p]` line by line. Lines of a patch never start like the others do. */
class DiffParser {
  readonly #diffs: Map<string, CommitDiff>;
  readonly #wanted: DiffOptions;
  #rest = "";
  #diff: CommitDiff | undefined;
  /** How many `diff --git` of this commit were seen: they come in the order of the raw lines. */
  #file = -1;
  #lines: ChangedLines | undefined;
  #patchId: PatchId | undefined;
  #exactId: PatchId | undefined;
  #inHunk = false;

  constructor(diffs: Map<string, CommitDiff>, wanted: DiffOptions) {
    this.#diffs = diffs;
    this.#wanted = wanted;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
    this.#endCommit();
  }

  #endCommit(): void {
    const [patchId, exactId] = [this.#patchId?.end(), this.#exactId?.end()];
    if (patchId !== undefined && this.#diff !== undefined) this.#diff.patchId = patchId;
    if (exactId !== undefined && this.#diff !== undefined) this.#diff.exactId = exactId;
    this.#patchId = undefined;
    this.#exactId = undefined;
  }

  #line(line: string): void {
    const first = line[0];
    if (first === ":") this.#change(line);
    else if (/^[0-9a-f]{40,64}(?: |$)/.test(line)) this.#startCommit(line.split(" ")[0] ?? "");
    else {
      this.#patchId?.line(line);
      this.#exactId?.line(line);
      if (first === "+" || first === "-") this.#changedLine(line);
      else if (first === "@") this.#startHunk();
      else if (line.startsWith("diff --git ")) this.#startFile();
    }
  }

  #startCommit(oid: string): void {
    this.#endCommit();
    this.#diff = this.#diffs.get(oid);
    this.#file = -1;
    this.#lines = undefined;
    this.#inHunk = false;
    if (this.#wanted.patchIds !== true) return;
    const format = oid.length === 64 ? "sha256" : "sha1";
    this.#patchId = new PatchId(format);
    this.#exactId = new PatchId(format, "exact");
  }

  #change(line: string): void {
    const match = /^:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*\t(.*)$/s.exec(line);
    if (match === null) return;
    const [, oldMode = "", newMode = "", oldOid = "", newOid = "", status = "", path = ""] = match;
    this.#diff?.changes.push({ oldMode, newMode, oldOid, newOid, status, path: unquotePath(path) });
  }

  #startHunk(): void {
    this.#inHunk = true;
    if (this.#lines !== undefined) this.#lines.hunks += 1;
  }

  #startFile(): void {
    this.#inHunk = false;
    this.#file += 1;
    this.#lines = undefined;
    if (this.#wanted.lines !== true || this.#diff === undefined) return;
    const change = this.#diff.changes[this.#file];
    // A changed type is one raw line and two patches: what follows cannot be told by counting any more.
    if (change === undefined || this.#diff.changes.some((c) => c.status === "T")) return;
    this.#lines = { removed: new Set(), added: new Set(), hunks: 0 };
    this.#diff.lines.set(change.path, this.#lines);
  }

  #changedLine(line: string): void {
    if (!this.#inHunk || this.#lines === undefined) return;
    const text = Buffer.from(line.slice(1), "latin1").toString("utf8").trim();
    const side = line[0] === "+" ? this.#lines.added : this.#lines.removed;
    // Two moves of one submodule always look alike: that says nothing.
    if (text.startsWith("Subproject commit ")) return;
    if (text !== "" && side.size < MAX_LINES) side.add(text);
  }
}
