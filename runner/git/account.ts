/**
 * Accounts for a stack that a person resolved: every old patch is in the resolved branch, or
 * upstream, or said to be dropped in the note. Nothing is missing in silence.
 *
 * @module
 */
import { carryPatches } from "./carry.ts";
import type { Commit } from "./commit.ts";
import { type CommitDiff, readDiffs } from "./commit-diffs.ts";
import { holds } from "./containment.ts";
import { isDroppedInNote } from "./dropped-in-note.ts";
import { failure } from "./failure.ts";
import type { PatchFate } from "./outcome.ts";
import { gitText } from "./process.ts";
import type { ResolvedAnswer, ResolvedRequest } from "./replay-request.ts";
import { buildReport } from "./report.ts";
import { isAncestor, locateStack, readCommit, type Stack, short } from "./stack.ts";
import { Workbench } from "./workbench.ts";

/**
 * @returns a report whose result is the resolved branch; or failure `not_on_onto`, or
 * `patches_unaccounted` with the oids of the missing patches in `about`, or why the stack was not found.
 */
export async function accountResolved(request: ResolvedRequest): Promise<ResolvedAnswer> {
  const startedAt = performance.now();
  const opened = await Workbench.open(request.gitDir, request);
  if (!opened.ok) return opened;
  const { bench } = opened;
  try {
    const located = await locateStack(bench.quarantine, bench.reader, {
      headOid: request.headOid,
      ontoOid: request.onto.oid,
      base: request.base,
      baseIs: request.baseIs ?? "recorded",
    });
    if (!located.ok) return located;
    return await accountLocated(bench, located.stack, request, startedAt);
  } finally {
    await bench.close();
  }
}

async function accountLocated(
  bench: Workbench,
  stack: Stack,
  request: ResolvedRequest,
  startedAt: number,
): Promise<ResolvedAnswer> {
  const resolved = await readCommit(bench.reader, request.resolvedOid);
  if (resolved === undefined)
    return failure("missing_objects", `The resolved commit ${short(request.resolvedOid)} is not in the repository.`, [
      request.resolvedOid,
    ]);
  if (!(await isAncestor(bench.quarantine, stack.onto.oid, resolved.oid)))
    return failure(
      "not_on_onto",
      `The resolved branch (${short(resolved.oid)}) does not stand on ${request.onto.ref} (${short(stack.onto.oid)}). Rebase it onto that commit and resume again.`,
      [resolved.oid, stack.onto.oid],
    );
  const { options } = bench.quarantine;
  const pairs = stack.patches.map(({ commit, parent }) => ({ from: parent?.oid, to: commit.oid }));
  const diffs = await readDiffs(options, pairs, { patchIds: true });
  // What a replay says by itself: a patch that upstream has need not be in the resolved branch.
  const { fates, ...carried } = await carryPatches(bench, stack, diffs, { signal: request.signal });
  const present = await findPatches(bench, stack, diffs, resolved);

  const commits = stack.patches.map(({ commit }) => commit);
  const accounted: PatchFate[] = [];
  const missing: Commit[] = [];
  for (const fate of fates) {
    const isDropped = isDroppedInNote(request.note, fate.picked.patch.commit, commits);
    const found = await resolvedFate(bench, fate, present, resolved, isDropped ? request.note : undefined);
    if (found === undefined) missing.push(fate.picked.patch.commit);
    else accounted.push(found);
  }
  if (missing.length > 0) return unaccounted(missing, resolved);
  const used = new Set(accounted.map((fate) => fate.newOid));
  const added = present.commits.filter((commit) => !used.has(commit.oid));
  const warnings = [...stack.warnings, ...carried.warnings];
  if (added.length > 0)
    warnings.push(
      `The resolved branch has commits that are no patch of the stack: ${added.map((c) => `${short(c.oid)} ("${c.subject}")`).join(", ")}.`,
    );
  const report = buildReport({
    stackId: request.stackId,
    branch: request.branch,
    onto: request.onto,
    stack,
    fates: accounted,
    result: { oid: resolved.oid, tree: resolved.tree },
    rangeDiff: present.text,
    warnings,
    replaySeconds: Math.round(performance.now() - startedAt) / 1000,
  });
  return { ok: true, report };
}

interface Present {
  /** Commits of the resolved branch on top of `onto`, oldest first. */
  commits: Commit[];
  /** Where each old patch is now. */
  places: ReadonlyMap<string, { commit: Commit; same: boolean }>;
  text: string;
}

/** Pairs old patches with new commits: by patch-id, then by author and date, by subject, and by range-diff. */
async function findPatches(
  bench: Workbench,
  stack: Stack,
  diffs: ReadonlyMap<string, CommitDiff>,
  resolved: Commit,
): Promise<Present> {
  const { options } = bench.quarantine;
  const range = `${stack.onto.oid}..${resolved.oid}`;
  const listed = await gitText(["rev-list", "--reverse", "--topo-order", "--end-of-options", range, "--"], options);
  const commits: Commit[] = [];
  for (const oid of listed.split("\n").filter((line) => line !== "")) {
    const commit = await readCommit(bench.reader, oid);
    if (commit !== undefined) commits.push(commit);
  }
  const newDiffs = await readDiffs(
    options,
    commits.map((commit) => ({ from: commit.parents[0], to: commit.oid })),
    { patchIds: true },
  );
  const oldRange = `${stack.base.oid}..${stack.head.oid}`;
  // No --end-of-options: git 2.39's range-diff takes it for a range. Both ranges begin with an object id.
  const text = await gitText(["range-diff", "--no-color", "--no-notes", oldRange, range, "--"], options);
  const paired = pairsOf(text);
  const idOf = (commit: Commit) => newDiffs.get(commit.oid)?.patchId;
  const sameDate = (a: Commit, b: Commit) =>
    a.author.seconds === b.author.seconds && a.author.email === b.author.email && a.subject === b.subject;
  const rules: ((old: Commit, candidate: Commit) => boolean)[] = [
    (old, candidate) => idOf(candidate) !== undefined && idOf(candidate) === diffs.get(old.oid)?.patchId,
    sameDate,
    (old, candidate) => old.subject !== "" && old.subject === candidate.subject,
    (old, candidate) => paired.some(([a, b]) => old.oid.startsWith(a) && candidate.oid.startsWith(b)),
  ];
  const places = new Map<string, { commit: Commit; same: boolean }>();
  const free = new Set(commits);
  rules.forEach((rule, index) => {
    for (const { commit: old } of stack.patches) {
      if (places.has(old.oid)) continue;
      const found = [...free].find((candidate) => rule(old, candidate));
      if (found === undefined) continue;
      free.delete(found);
      places.set(old.oid, { commit: found, same: index === 0 });
    }
  });
  return { commits, places, text };
}

/** The oid prefixes that range-diff put side by side: `1:  abc1234 ! 2:  def5678 subject`. */
function pairsOf(text: string): [string, string][] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*\d+:\s+([0-9a-f]{4,64}) [=!] \s*\d+:\s+([0-9a-f]{4,64}) /.exec(line);
    return match?.[1] === undefined || match[2] === undefined ? [] : [[match[1], match[2]]];
  });
}

async function resolvedFate(
  bench: Workbench,
  fate: PatchFate,
  { places }: Present,
  resolved: Commit,
  droppedBy: string | undefined,
): Promise<PatchFate | undefined> {
  const { patch } = fate.picked;
  const { picked, patchId } = fate;
  const known = { picked, ...(patchId === undefined ? {} : { patchId }) };
  const place = places.get(patch.commit.oid);
  if (place !== undefined)
    return {
      ...known,
      outcome: place.same ? "carried" : "adapted",
      newOid: place.commit.oid,
      notes: fate.outcome === "conflicted" ? ["resolved by a person"] : [],
    };
  if (droppedBy !== undefined) return { ...known, outcome: "dropped", notes: [`dropped by a person: ${droppedBy}`] };
  if (fate.outcome === "upstreamed" || fate.outcome === "empty" || fate.outcome === "dropped") {
    const { newOid: _, ...rest } = fate;
    return rest;
  }
  // Two patches may have become one commit: what counts is that nothing of the change is left to make.
  if (await holds(bench, patch, resolved.oid))
    return {
      ...known,
      outcome: "empty",
      notes: ["nothing left of it: other commits of the resolved branch hold its change"],
    };
  return undefined;
}

function unaccounted(missing: readonly Commit[], resolved: Commit) {
  const list = missing.map(({ oid, subject }) => `${short(oid)} ("${subject}")`).join(", ");
  return failure(
    "patches_unaccounted",
    `The resolved branch (${short(resolved.oid)}) lacks ${missing.length === 1 ? "a patch" : `${missing.length} patches`} of the stack: ${list}. Add what is missing, or say in the note what was dropped ("drop" and its subject or oid).`,
    missing.map(({ oid }) => oid),
  );
}
