/**
 * Which commits of a branch are its patches, and where they stand on upstream.
 *
 * @module
 */
import { type Commit, parseCommit } from "./commit.ts";
import { type EngineResult, failure } from "./failure.ts";
import type { ObjectReader } from "./object-reader.ts";
import { gitText, runGit } from "./process.ts";
import type { Quarantine } from "./quarantine.ts";

/** Commits of a branch that are read ahead: of a branch with merges not all of them are patches. */
const MAX_ASKED = 500;

export interface StackPatch {
  commit: Commit;
  /** First parent; undefined for a root commit. */
  parent: Commit | undefined;
  /** True for a merge of commits that upstream has: only what the merge itself changed is a patch. */
  mergesUpstream: boolean;
}

export interface Stack {
  base: Commit;
  head: Commit;
  onto: Commit;
  /** Oldest first. Empty when the branch has nothing of its own. */
  patches: StackPatch[];
  /** Commits of `onto` that the branch does not have. */
  commitsBehind: number;
  warnings: string[];
}

export interface StackQuestion {
  headOid: string;
  ontoOid: string;
  /** Where the branch stood on upstream when that was last known. */
  base: string | undefined;
  /** `recorded` gives way to history with a warning; `declared` by an operator must be right. */
  baseIs: "recorded" | "declared";
}

export async function locateStack(
  quarantine: Quarantine,
  reader: ObjectReader,
  question: StackQuestion,
): Promise<EngineResult<{ stack: Stack }>> {
  const { headOid, ontoOid } = question;
  // At the same time: a process that fails because one is missing says less about it than we can.
  const [walked, head, onto] = await Promise.all([
    settled(walkSides(quarantine, ontoOid, headOid, undefined)),
    readCommit(reader, headOid),
    readCommit(reader, ontoOid),
  ]);
  if (head === undefined) return missing("the branch's head", headOid);
  if (onto === undefined) return missing("the new base", ontoOid);
  let sides = walked();
  const warnings: string[] = [];
  let baseOid: string | undefined = sides.mergeBase;
  if (question.base !== undefined && question.base !== sides.mergeBase) {
    const recorded = await readCommit(reader, question.base);
    const holds = recorded !== undefined && (await isAncestor(quarantine, recorded.oid, head.oid));
    if (holds) {
      const since = await walkSides(quarantine, onto.oid, head.oid, recorded.oid);
      // Fewer commits are the branch's own: upstream's release line left `onto`'s before the base.
      if (since.own.size < sides.own.size || baseOid === undefined) {
        sides = { ...since, mergeBase: sides.mergeBase };
        baseOid = recorded.oid;
      }
    } else if (question.baseIs === "declared") {
      return failure(
        "base_not_ancestor",
        `The base ${short(question.base)} is not in the history of the branch (head ${short(head.oid)}). Name the upstream commit the branch stands on, or leave the base out.`,
        [question.base],
      );
    } else {
      warnings.push(
        `The branch no longer stands on ${short(question.base)}, its recorded base; ${baseOid === undefined ? "no base was found in its place" : `${short(baseOid)} was found by merge-base`}.`,
      );
    }
  }
  if (baseOid === undefined) return noMergeBase(quarantine, head.oid, onto.oid);
  const base = await readCommit(reader, baseOid);
  if (base === undefined) return missing("the base", baseOid);
  const patches = await firstParents(reader, head, sides.own);
  return { ok: true, stack: { base, head, onto, patches, commitsBehind: sides.behind, warnings } };
}

/** Waits for the end without failing: what it was is told when asked for. */
async function settled<T>(promise: Promise<T>): Promise<() => T> {
  const [result] = await Promise.allSettled([promise]);
  return () => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  };
}

export async function readCommit(reader: ObjectReader, oid: string): Promise<Commit | undefined> {
  const object = await reader.read(oid);
  return object?.type === "commit" ? parseCommit(object.oid, object.content) : undefined;
}

async function firstParents(reader: ObjectReader, head: Commit, own: ReadonlySet<string>): Promise<StackPatch[]> {
  // Asked for all at once: one after the other each would wait for the answer before.
  const asked = new Map([...own].slice(0, MAX_ASKED).map((oid) => [oid, settled(readCommit(reader, oid))]));
  const read = async (oid: string) => (await asked.get(oid))?.() ?? readCommit(reader, oid);
  const patches: StackPatch[] = [];
  for (let commit: Commit | undefined = head; commit !== undefined && own.has(commit.oid); ) {
    const [firstParent, ...others]: string[] = commit.parents;
    const parent: Commit | undefined = firstParent === undefined ? undefined : await read(firstParent);
    patches.push({ commit, parent, mergesUpstream: others.length > 0 && others.every((p) => !own.has(p)) });
    commit = parent;
  }
  return patches.reverse();
}

interface Sides {
  /** Commits of the branch that `onto` (and the recorded base) does not have. */
  own: Set<string>;
  behind: number;
  mergeBase: string | undefined;
}

/** Both sides of `onto...head` and where they part, from one walk. */
async function walkSides(q: Quarantine, onto: string, head: string, recorded: string | undefined): Promise<Sides> {
  const range = [`${onto}...${head}`, ...(recorded === undefined ? [] : [`^${recorded}`])];
  const own = new Set<string>();
  const boundary: string[] = [];
  let behind = 0;
  let rest = "";
  await runGit(["rev-list", "--left-right", "--boundary", "--end-of-options", ...range, "--"], {
    ...q.options,
    onStdout: (chunk) => {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith(">")) own.add(line.slice(1));
        else if (line.startsWith("<")) behind += 1;
        else if (line.startsWith("-")) boundary.push(line.slice(1));
      }
    },
  });
  if (own.size === 0 || behind === 0) return { own, behind, mergeBase: own.size === 0 ? head : onto };
  const [only] = boundary;
  if (recorded === undefined && boundary.length === 1) return { own, behind, mergeBase: only };
  return { own, behind, mergeBase: boundary.length === 0 ? undefined : await mergeBase(q, onto, head) };
}

async function mergeBase(q: Quarantine, a: string, b: string): Promise<string | undefined> {
  const found = await gitText(["merge-base", "--end-of-options", a, b], { ...q.options, okExitCodes: [1] });
  return found === "" ? undefined : found;
}

export async function isAncestor(q: Quarantine, ancestor: string, of: string): Promise<boolean> {
  const { exitCode } = await runGit(["merge-base", "--is-ancestor", "--end-of-options", ancestor, of], {
    ...q.options,
    okExitCodes: [1],
  });
  return exitCode === 0;
}

function noMergeBase(q: Quarantine, head: string, onto: string) {
  const about = [head, onto];
  if (q.repository.shallowFile !== undefined)
    return failure(
      "shallow_no_merge_base",
      "The branch and the new base share no commit in this shallow clone. Fetch more history (`git fetch --unshallow`) and try again.",
      about,
    );
  return failure(
    "unrelated_histories",
    "The branch and the new base share no commit at all. Check that the upstream repository and the branch are the right ones; if upstream rewrote its history, rebase the branch by hand once and land the result.",
    about,
  );
}

function missing(what: string, oid: string) {
  return failure(
    "missing_objects",
    `The commit of ${what}, ${short(oid)}, is not in the repository. Fetch it and try again.`,
    [oid],
  );
}

/** An oid for people. */
export function short(oid: string): string {
  return oid.slice(0, 12);
}
