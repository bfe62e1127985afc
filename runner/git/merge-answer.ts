/**
 * The answer of `git merge-tree --write-tree -z`, read by its documented format.
 *
 * @module
 */
import type { ByteReader } from "./byte-reader.ts";

const NUL = 0;

export interface ConflictedFile {
  mode: string;
  oid: string;
  /** 1 base, 2 ours, 3 theirs. */
  stage: number;
  path: string;
}

export interface MergeMessage {
  paths: string[];
  /** git's stable name: `Auto-merging`, `CONFLICT (contents)`, … */
  type: string;
  text: string;
}

export interface MergeAnswer {
  clean: boolean;
  /** What would be checked out: with conflict markers when the merge is not clean. */
  tree: string;
  files: ConflictedFile[];
  messages: MergeMessage[];
}

/** Reads one answer of `merge-tree --stdin -z`. */
export async function readMergeAnswer(reader: ByteReader): Promise<MergeAnswer> {
  const token = async () => (await reader.readUntil(NUL)).toString("utf8");
  const status = await token();
  if (status !== "0" && status !== "1") throw new Error(`merge-tree answered with status ${JSON.stringify(status)}`);
  const answer: MergeAnswer = { clean: status === "1", tree: await token(), files: [], messages: [] };
  if (answer.clean) {
    await token();
    return answer;
  }
  for (let line = await token(); line !== ""; line = await token()) answer.files.push(parseFile(line));
  // Advice on submodules is printed behind the messages without a NUL of its own: no number, no message.
  for (let count = await token(); /^\d+$/.test(count); count = await token()) {
    const paths: string[] = [];
    for (let i = 0; i < Number(count); i += 1) paths.push(await token());
    answer.messages.push({ paths, type: await token(), text: await token() });
  }
  return answer;
}

/** Reads the whole output of one `merge-tree -z` (git 2.38 has no `--stdin`). */
export function parseMergeOutput(stdout: Buffer, clean: boolean): MergeAnswer {
  const tokens = stdout.toString("utf8").split("\0");
  const next = () => tokens.shift() ?? "";
  const answer: MergeAnswer = { clean, tree: next(), files: [], messages: [] };
  if (clean) return answer;
  for (let line = next(); line !== ""; line = next()) answer.files.push(parseFile(line));
  for (let count = next(); /^\d+$/.test(count); count = next()) {
    const paths: string[] = [];
    for (let i = 0; i < Number(count); i += 1) paths.push(next());
    answer.messages.push({ paths, type: next(), text: next() });
  }
  return answer;
}

function parseFile(line: string): ConflictedFile {
  const match = /^(\d+) ([0-9a-f]+) ([123])\t([\s\S]*)$/.exec(line);
  if (match === null) throw new Error(`merge-tree listed a conflicted file as ${JSON.stringify(line)}`);
  const [, mode = "", oid = "", stage = "", path = ""] = match;
  return { mode, oid, stage: Number(stage), path };
}
