/**
 * The fork's memory of resolutions: pairs of git-rerere(1) in the tree of `refs/patch-moi/rerere`.
 *
 * It is a convenience: whatever goes wrong with it is a warning in the report and never the end of
 * an attempt.
 *
 * @module
 */
import type { StackReport } from "../../worker/contract/report.ts";
import { GitError } from "../git/git-error.ts";
import { gitText, runGit } from "../git/process.ts";
import { type RememberedPair, recordResolutions } from "../git/rerere-record.ts";
import { commitOf, type Mirror } from "./mirror.ts";
import { promisedBy } from "./mirror-contents.ts";
import { pushRefs } from "./push.ts";
import type { WorkTools } from "./work.ts";
import { makeWorkFolder, removeFolder } from "./work-folder.ts";

/** In the fork. */
export const MEMORY_REF = "refs/patch-moi/rerere";
/** Where the mirror keeps it. */
const MIRRORED = "refs/fork/patch-moi/rerere";
const BRANCH = "refs/runner/rerere";

/** Conflicts that a fork remembers at most; a fork with more has other troubles. */
const MAX_PAIRS = 2000;

/** The commit that holds the memory, as of the last fetch. */
export function memoryOf(mirror: Mirror): Promise<string | undefined> {
  return commitOf(mirror, MIRRORED);
}

/** Learns from a resolved branch and stores that in the fork; answers a warning when it could not. */
export async function rememberResolution(
  mirror: Mirror,
  report: StackReport,
  tools: WorkTools,
): Promise<string | undefined> {
  const folder = makeWorkFolder(tools.home.work, "rerere");
  try {
    const carried = report.patches.flatMap(({ oid, newOid }) => (newOid === undefined ? [] : [{ oid, newOid }]));
    const { gitDir, signal } = mirror;
    const pairs = await recordResolutions({ gitDir, carried, folder, promised: await promisedBy(mirror), signal });
    if (pairs.length === 0) return undefined;
    const why = await store(mirror, pairs);
    if (why !== undefined) return `the resolutions could not be stored in the fork's ${MEMORY_REF}: ${why}`;
    tools.log(`remembered ${pairs.length === 1 ? "1 resolution" : `${pairs.length} resolutions`} in ${MEMORY_REF}`);
    return undefined;
  } catch (error) {
    tools.signal.throwIfAborted();
    if (!(error instanceof GitError)) throw error;
    return `the resolutions could not be stored in the fork's ${MEMORY_REF}: ${error.message}`;
  } finally {
    removeFolder(folder);
  }
}

async function store(mirror: Mirror, pairs: readonly RememberedPair[]): Promise<string | undefined> {
  const { gitDir, signal } = mirror;
  const before = await memoryOf(mirror);
  if (before !== undefined) {
    const known = await gitText(["ls-tree", "--name-only", "--end-of-options", before], { gitDir, signal });
    if (known.split("\n").length + pairs.length > MAX_PAIRS) return `it holds ${MAX_PAIRS} conflicts already`;
  }
  // A left-over of a push that was refused would be built upon.
  await runGit(["update-ref", "-d", BRANCH], { gitDir, signal });
  await runGit(["fast-import", "--quiet", "--force"], { gitDir, signal, input: importStream(pairs, before) });
  const oid = await commitOf(mirror, BRANCH);
  if (oid === undefined) return "git made no commit of them";
  const pushed = await pushRefs(mirror, [{ ref: MEMORY_REF, oid, expected: before }]);
  if (!pushed.ok) return pushed.stop.message;
  return pushed.value ? undefined : "somebody else stored one meanwhile";
}

/** One commit on top of `before`, in the language of git-fast-import(1). */
function importStream(pairs: readonly RememberedPair[], before: string | undefined): Buffer {
  const message = `Remember ${pairs.length === 1 ? "a resolution" : `${pairs.length} resolutions`}\n`;
  const parts: (string | Buffer)[] = [
    `commit ${BRANCH}\ncommitter patch.moi <patch.moi@localhost> ${Math.floor(Date.now() / 1000)} +0000\n`,
    `data ${Buffer.byteLength(message)}\n${message}`,
    before === undefined ? "" : `from ${before}\n`,
  ];
  for (const { id, preimage, postimage } of pairs) {
    parts.push(`M 100644 inline ${id}/preimage\ndata ${preimage.length}\n`, preimage, "\n");
    parts.push(`M 100644 inline ${id}/postimage\ndata ${postimage.length}\n`, postimage, "\n");
  }
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}
