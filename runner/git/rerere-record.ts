/**
 * Learns from a branch that a person resolved: which conflicts there were, and what became of them.
 *
 * @module
 */
import type { Commit } from "./commit.ts";
import type { QuarantineOptions } from "./quarantine.ts";
import { hasMarkers, MAX_REMEMBERED, normalConflict } from "./rerere.ts";
import { contentConflicts } from "./resolution.ts";
import { readCommit } from "./stack.ts";
import { Workbench } from "./workbench.ts";

export interface RememberedPair {
  id: string;
  preimage: Buffer;
  postimage: Buffer;
}

export interface RecordRequest {
  gitDir: string;
  /** Patches and the commits of the resolved branch that carry them. */
  carried: readonly { oid: string; newOid: string }[];
  folder?: string | undefined;
  promised?: QuarantineOptions["promised"];
  signal?: AbortSignal | undefined;
}

/** What a person would have seen at each patch, merged again onto the commit before its new place. */
export async function recordResolutions(request: RecordRequest): Promise<RememberedPair[]> {
  const opened = await Workbench.open(request.gitDir, request);
  if (!opened.ok) return [];
  const { bench } = opened;
  const pairs = new Map<string, RememberedPair>();
  try {
    for (const { oid, newOid } of request.carried) {
      request.signal?.throwIfAborted();
      for (const pair of await recordPatch(bench, oid, newOid)) pairs.set(pair.id, pair);
    }
    return [...pairs.values()];
  } finally {
    await bench.close();
  }
}

async function recordPatch(bench: Workbench, oid: string, newOid: string): Promise<RememberedPair[]> {
  const [patch, resolved] = await Promise.all([readCommit(bench.reader, oid), readCommit(bench.reader, newOid)]);
  const [parent, before] = [await onlyParent(bench, patch), await onlyParent(bench, resolved)];
  if (patch === undefined || resolved === undefined || parent === undefined || before === undefined) return [];
  const base = { tree: parent.tree, commit: parent.oid };
  const answer = await bench.merger().merge(base, { tree: before.tree }, { tree: patch.tree, commit: patch.oid });
  if (answer.clean) return [];
  const pairs: RememberedPair[] = [];
  for (const { path } of contentConflicts(answer).files) {
    const [unresolved, file] = await Promise.all([
      bench.reader.read(`${answer.tree}:${path}`),
      bench.reader.read(`${resolved.tree}:${path}`),
    ]);
    if (unresolved?.type !== "blob" || file?.type !== "blob") continue;
    if (file.content.length > MAX_REMEMBERED || file.content.includes(0) || hasMarkers(file.content)) continue;
    const conflict = normalConflict(unresolved.content, bench.quarantine.repository.format);
    if (conflict !== undefined) pairs.push({ ...conflict, postimage: file.content });
  }
  return pairs;
}

/** Of a merge there is no telling what its conflicts were. */
async function onlyParent(bench: Workbench, commit: Commit | undefined): Promise<Commit | undefined> {
  const [parent, ...others] = commit?.parents ?? [];
  return parent === undefined || others.length > 0 ? undefined : readCommit(bench.reader, parent);
}
