/**
 * What became of each patch of a stack, and why.
 *
 * @module
 */
import type { PatchConflict, PatchOutcome } from "../../worker/contract/report.ts";
import { type CommitDiff, type FileChange, readDiffs } from "./commit-diffs.ts";
import { explainConflicts } from "./conflict.ts";
import { containingCommit, holds, inEffect } from "./containment.ts";
import { matchCandidates, matchPatches, type PatchMatch } from "./patch-match.ts";
import type { PickedPatch } from "./pick.ts";
import { type Stack, short } from "./stack.ts";
import type { UpstreamCommitInfo } from "./upstream-history.ts";
import { upstreamTag } from "./upstream-tag.ts";
import type { Workbench } from "./workbench.ts";

export interface PatchFate {
  picked: PickedPatch;
  outcome: PatchOutcome;
  patchId?: string;
  newOid?: string;
  upstreamOid?: string;
  notes: string[];
  conflicts?: PatchConflict[];
}

/** New commits by the oid of the patch they carry. */
export type NewCommits = ReadonlyMap<string, { oid: string; parent: string }>;

export interface Evidence {
  diffs: ReadonlyMap<string, CommitDiff>;
  /** Upstream's commits that touch files of the stack, newest first. */
  history: readonly UpstreamCommitInfo[];
  newCommits: NewCommits;
}

export async function accountForPatches(
  bench: Workbench,
  stack: Stack,
  picked: readonly PickedPatch[],
  evidence: Evidence,
): Promise<PatchFate[]> {
  const { quarantine } = bench;
  const candidates = matchCandidates(stack.patches, evidence.diffs, evidence.history);
  const moved = await movedPatches(bench, picked, evidence);
  // One look at everything that needs a patch-id.
  const pairs = [...candidates.map((commit) => ({ from: commit.parent, to: commit.oid })), ...moved];
  const looked = await readDiffs(quarantine.options, pairs, { patchIds: true });
  const matches = await matchPatches(quarantine, stack.patches, evidence.diffs, evidence.history, candidates, looked);
  const isAdapted = ({ patch, to }: MovedPatch) => evidence.diffs.get(patch)?.patchId !== looked.get(to)?.patchId;
  const adapted = new Set(moved.filter(isAdapted).map(({ patch }) => patch));
  const fates: PatchFate[] = [];
  for (const one of picked) {
    const { commit } = one.patch;
    const match = matches.get(commit.oid);
    const newOid = evidence.newCommits.get(commit.oid)?.oid;
    const patchId = commit.parents.length > 1 ? undefined : evidence.diffs.get(commit.oid)?.patchId;
    const fate: PatchFate = {
      picked: one,
      ...(await fateOf(bench, stack, one, match, adapted, evidence)),
      ...(patchId === undefined ? {} : { patchId }),
      ...(newOid === undefined ? {} : { newOid }),
    };
    if (one.mergeNote !== undefined) fate.notes.unshift(one.mergeNote);
    if (one.renormalized === true) fate.notes.push("line endings evened out as .gitattributes says");
    fates.push(fate);
  }
  await explain(bench, stack, fates, evidence);
  return fates;
}

type Fate = Pick<PatchFate, "outcome" | "upstreamOid" | "notes">;

async function fateOf(
  bench: Workbench,
  stack: Stack,
  picked: PickedPatch,
  match: PatchMatch | undefined,
  adapted: ReadonlySet<string>,
  evidence: Evidence,
): Promise<Fate> {
  switch (picked.state) {
    case "skipped":
      return { outcome: "dropped", notes: ["left out: its subject says UPSTREAM: <drop>"] };
    case "nothing_left":
      return nothingLeft(bench, stack, picked, match, evidence);
    case "picked":
      return {
        outcome: adapted.has(picked.patch.commit.oid) ? "adapted" : "carried",
        notes:
          match === undefined ? pullRequestNotes(picked, evidence) : [await stillNeeded(bench, stack, picked, match)],
      };
    case "conflict":
      return conflicting(bench, stack, match);
  }
}

/** Replaying it changed nothing: upstream has it. The net effect decides; patch-ids only help to name the commit. */
async function nothingLeft(
  bench: Workbench,
  stack: Stack,
  { patch, mergeNote }: PickedPatch,
  match: PatchMatch | undefined,
  { diffs, history }: Evidence,
): Promise<Fate> {
  if (match !== undefined)
    return {
      outcome: "upstreamed",
      upstreamOid: match.commit.oid,
      notes: [`upstream has it as ${named(match.commit)}`],
    };
  if (mergeNote !== undefined && patch.mergesUpstream) return { outcome: "empty", notes: [] };
  const paths = new Set(diffs.get(patch.commit.oid)?.changes.map((change) => change.path));
  const touching = history.filter((commit) => [...commit.paths].some((path) => paths.has(path)));
  const holder = await containingCommit(bench, patch, touching);
  if (holder !== undefined)
    return {
      outcome: "empty",
      upstreamOid: holder.oid,
      notes: [`nothing left of it: ${named(holder)} holds its change`],
    };
  const inUpstream = await holds(bench, patch, stack.onto.oid);
  const where = inUpstream
    ? `${short(stack.onto.oid)} holds its change`
    : "earlier patches of the stack make its change";
  return { outcome: "empty", notes: [`nothing left of it: ${where}`] };
}

/** The same change upstream, yet replaying it changed something: its effect is not, or no longer, there. */
async function stillNeeded(
  bench: Workbench,
  stack: Stack,
  { patch }: PickedPatch,
  { commit, revertedBy }: PatchMatch,
): Promise<string> {
  if (revertedBy !== undefined)
    return `upstream took it as ${named(commit)} and reverted it in ${named(revertedBy)}: carried, since it is not in effect`;
  if (await holds(bench, patch, stack.onto.oid))
    return `upstream has it as ${named(commit)}, and an earlier patch of the stack takes it back: carried`;
  return `upstream took it as ${named(commit)}, but it is not in effect in ${short(stack.onto.oid)}: carried`;
}

function pullRequestNotes({ patch }: PickedPatch, { history }: Evidence): string[] {
  const tag = upstreamTag(patch.commit.subject);
  if (tag?.rule !== "pull_request") return [];
  const pattern = new RegExp(`#${tag.number}(?!\\d)`);
  const commit = history.find(({ message }) => pattern.test(message));
  return commit === undefined
    ? []
    : [`${named(commit)} names pull request ${tag.number}, yet not all of this patch is upstream: carried`];
}

/** Upstream took it and went on changing the same lines: no conflict to solve, unless it took it back. */
async function conflicting(bench: Workbench, stack: Stack, match: PatchMatch | undefined): Promise<Fate> {
  if (match === undefined) return { outcome: "conflicted", notes: [] };
  if (match.revertedBy !== undefined)
    return {
      outcome: "conflicted",
      notes: [`upstream took it as ${named(match.commit)} and reverted it in ${named(match.revertedBy)}`],
    };
  if (await inEffect(bench, stack, match.commit))
    return {
      outcome: "upstreamed",
      upstreamOid: match.commit.oid,
      notes: [`upstream has it as ${named(match.commit)} and changed the same lines since`],
    };
  return {
    outcome: "conflicted",
    notes: [`upstream took it as ${named(match.commit)}, but it is not wholly in effect in ${short(stack.onto.oid)}`],
  };
}

async function explain(bench: Workbench, stack: Stack, fates: PatchFate[], evidence: Evidence): Promise<void> {
  const conflicted = fates.filter((fate) => fate.outcome === "conflicted");
  if (conflicted.length === 0) return;
  const leftOut = fates.filter((fate) => fate.outcome === "conflicted" || fate.outcome === "dropped");
  const explained = await explainConflicts(
    bench,
    stack,
    leftOut.map((fate) => fate.picked),
    evidence.diffs,
    evidence.history,
  );
  for (const fate of conflicted) {
    const explanation = explained.get(fate.picked.patch.commit.oid);
    if (explanation === undefined) continue;
    fate.conflicts = explanation.conflicts;
    if (explanation.proposal === undefined) continue;
    fate.upstreamOid = explanation.proposal.oid;
    fate.notes.push(`${named(explanation.proposal)} looks like this patch: compare before resolving`);
  }
}

interface MovedPatch {
  from: string;
  to: string;
  patch: string;
}

/** Picked patches whose files have other contents now: only for these it takes a patch-id to tell if the change is the same. */
async function movedPatches(
  bench: Workbench,
  picked: readonly PickedPatch[],
  { diffs, newCommits }: Evidence,
): Promise<MovedPatch[]> {
  const pairs = picked.flatMap(({ patch, asItWas, miniature }) => {
    if (asItWas === true) return [];
    if (miniature !== undefined) return [{ from: miniature.before, to: miniature.after, patch: patch.commit.oid }];
    const made = newCommits.get(patch.commit.oid);
    return made === undefined ? [] : [{ from: made.parent, to: made.oid, patch: patch.commit.oid }];
  });
  const unchanged = await Promise.all(
    pairs.map((pair) => makesSameChange(bench, diffs.get(pair.patch)?.changes ?? [], pair)),
  );
  return pairs.filter((_, index) => unchanged[index] !== true);
}

/** True when every file went from and to the same contents as in the old commit: then it is the same change. */
async function makesSameChange(
  bench: Workbench,
  changes: readonly FileChange[],
  { from, to }: { from: string; to: string },
): Promise<boolean> {
  if (changes.some(({ path }) => /[\n\0]/.test(path))) return false;
  const same = changes.map(async ({ path, oldOid, newOid }) => {
    const [before, after] = await Promise.all([
      bench.reader.info(`${from}:${path}`),
      bench.reader.info(`${to}:${path}`),
    ]);
    return isObject(oldOid, before?.oid) && isObject(newOid, after?.oid);
  });
  return (await Promise.all(same)).every(Boolean);
}

/** An all-zero oid in a diff stands for "no file". */
function isObject(oid: string, found: string | undefined): boolean {
  return /^0+$/.test(oid) ? found === undefined : found === oid;
}

function named({ oid, subject }: UpstreamCommitInfo): string {
  return `${short(oid)} ("${subject}")`;
}
