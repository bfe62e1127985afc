/**
 * What a remote's refs say that a feed did not: movements that fell out of its window, and tags that
 * name another commit than before. Pure.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import { ReleasePolicy } from "../contract/stack.ts";
import { compareTags } from "../releases/release-policy.ts";
import { isGone } from "./absence.ts";
import { type KnownEntry, REFS_ONLY } from "./known-entry.ts";
import type { RemoteRef } from "./ls-refs.ts";
import {
  emit,
  emitMoved,
  emitRepublished,
  emptyPlan,
  type IntakePlan,
  type MovementContext,
  signal,
} from "./movement.ts";

export type RefsInput = MovementContext & {
  refs: readonly RemoteRef[];
  /** Every entry of the source that has a tag or names a commit. */
  known: readonly KnownEntry[];
  /** These are the refs from before we watched: known from now on, and no news. */
  baseline: boolean;
  /** The feed missed something: what it would not tell by itself counts now. */
  gap: boolean;
  /** Whether every tag is a movement to this feed. */
  bareTags: boolean;
  tagEntryId: (tag: string) => string;
  /** Where no other feed says what is gone and back: the number of this reading among the source's good ones. */
  poll?: number;
};

const TAGS = "refs/tags/";
const HEADS = "refs/heads/";

export function planRefs(input: RefsInput): IntakePlan {
  return input.config.event === "push" ? planHeads(input) : planTags(input);
}

function planTags(input: RefsInput): IntakePlan {
  const plan = emptyPlan();
  const byTag = new Map(input.known.flatMap((entry) => (entry.tag === null ? [] : [[entry.tag, entry] as const])));
  // Where a feed tells releases only, a tag is none yet: it must stay unknown until it becomes one.
  const counts = input.config.event === "tag" || input.bareTags || input.gap;
  const unknown: { tag: string; commit: string }[] = [];
  for (const { name, commit } of input.refs) {
    if (!name.startsWith(TAGS)) continue;
    const tag = name.slice(TAGS.length);
    const known = byTag.get(tag);
    if (known === undefined) unknown.push({ tag, commit });
    else if (known.commit === null) store(plan, input, { ...known, commit, ...shown(input) });
    else if (known.commit !== commit) moved(plan, input, known, { from: known.commit, to: commit });
    else if (input.poll !== undefined && known.missingFrom !== null) back(plan, input, known, input.poll, { tag });
  }
  left(plan, input);
  if (!counts) return plan;
  for (const { tag, commit } of input.baseline && !input.gap ? unknown : inOrder(unknown)) {
    const entry: FeedEntry = { entryId: input.tagEntryId(tag), tag, sha: commit };
    store(plan, input, { entryId: entry.entryId, ...fresh(input), tag, commit });
    if (!input.baseline) emit(plan, input, entry, 0);
    // A repository that is named only after something was missed: a person may hand on what it tells.
    else if (input.gap) plan.signals.push(signal(input, entry, 0, "primed"));
  }
  return plan;
}

/** One event with both commits. Stacks that follow the tag hold it for a person; one that is old to them, they skip. */
function moved(plan: IntakePlan, input: RefsInput, known: KnownEntry, move: { from: string; to: string }): void {
  const revision = known.revision + 1;
  const entry: FeedEntry = { entryId: known.entryId, ...(known.tag === null ? {} : { tag: known.tag }), sha: move.to };
  store(plan, input, { ...known, revision, commit: move.to, ...shown(input) });
  emitMoved(plan, input, entry, revision, move);
}

/** There again: news when it was gone long enough. */
function back(
  plan: IntakePlan,
  input: RefsInput,
  known: KnownEntry,
  poll: number,
  what: Pick<FeedEntry, "tag" | "ref">,
): void {
  const gone = isGone(known, poll);
  const revision = known.revision + (gone ? 1 : 0);
  store(plan, input, { ...known, revision, missingFrom: null });
  const { entryId, commit } = known;
  if (gone) emitRepublished(plan, input, { entryId, ...what, ...(commit === null ? {} : { sha: commit }) }, revision);
}

/** What the refs do not show any more. No refs at all is suspect: nothing is concluded from it. */
function left(plan: IntakePlan, input: RefsInput): void {
  if (input.poll === undefined || input.refs.length === 0) return;
  const there = new Set(input.refs.flatMap(({ name, commit }) => [name, commit]));
  for (const entry of input.known) {
    const name = entry.tag === null ? entry.entryId : TAGS + entry.tag;
    if (entry.missingFrom === null && !there.has(name)) store(plan, input, { ...entry, missingFrom: input.poll });
  }
}

/** Refs beside a feed do not say what the feed shows. */
function shown({ poll }: RefsInput): { missingFrom?: null } {
  return poll === undefined ? {} : { missingFrom: null };
}

function fresh({ poll }: RefsInput): Pick<KnownEntry, "fingerprint" | "revision" | "missingFrom"> {
  return { fingerprint: REFS_ONLY, revision: 0, missingFrom: poll === undefined ? 0 : null };
}

/** Of a branch only its head counts: who follows it goes there, past what came before. */
function planHeads(input: RefsInput): IntakePlan {
  const plan = emptyPlan();
  const byCommit = new Map(input.known.map((entry) => [entry.entryId, entry]));
  for (const { name, commit } of input.refs) {
    if (!name.startsWith(HEADS)) continue;
    const known = byCommit.get(commit);
    if (known === undefined) {
      store(plan, input, { entryId: commit, ...fresh(input), tag: null, commit });
      if (!input.baseline) emit(plan, input, { entryId: commit, sha: commit, ref: name }, 0);
    } else if (input.poll !== undefined && known.missingFrom !== null)
      back(plan, input, known, input.poll, { ref: name });
  }
  left(plan, input);
  return plan;
}

function store(
  plan: IntakePlan,
  input: RefsInput,
  entry: Omit<KnownEntry, "firstSeenAt"> & { firstSeenAt?: string },
): void {
  plan.entries.push({ firstSeenAt: input.now, ...entry, lastSeenAt: input.now });
}

/** Refs have no dates; their versions tell which came first, and names where there are none. */
function inOrder<T extends { tag: string }>(refs: readonly T[]): T[] {
  const anything = ReleasePolicy.parse({});
  return refs.toSorted((a, b) => compareTags(anything, a.tag, b.tag) ?? (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0));
}
