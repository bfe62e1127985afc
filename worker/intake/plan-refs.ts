/**
 * What a remote's refs say that a feed did not: movements that fell out of its window, and tags that
 * name another commit than before. Pure.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import { ReleasePolicy } from "../contract/stack.ts";
import { compareTags } from "../releases/release-policy.ts";
import type { RemoteRef } from "./ls-refs.ts";
import {
  decide,
  emit,
  emptyPlan,
  eventFor,
  type IntakePlan,
  type KnownEntry,
  type MovementContext,
  REFS_ONLY,
  signal,
} from "./plan-intake.ts";

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
  const counts = input.config.event === "tag" || input.bareTags || (input.gap && !input.baseline);
  const unknown: { tag: string; commit: string }[] = [];
  for (const { name, commit } of input.refs) {
    if (!name.startsWith(TAGS)) continue;
    const tag = name.slice(TAGS.length);
    const known = byTag.get(tag);
    if (known === undefined) unknown.push({ tag, commit });
    else if (known.commit === null) store(plan, input, { ...known, commit });
    else if (known.commit !== commit) moved(plan, input, known, { from: known.commit, to: commit });
  }
  if (!counts) return plan;
  for (const { tag, commit } of input.baseline ? unknown : inOrder(unknown)) {
    const entry: FeedEntry = { entryId: input.tagEntryId(tag), tag, sha: commit };
    store(plan, input, { entryId: entry.entryId, fingerprint: REFS_ONLY, revision: 0, tag, commit });
    if (!input.baseline) emit(plan, input, entry, 0);
  }
  return plan;
}

/** One event with both commits. Stacks that follow the tag hold it for a person; one that is old to them, they skip. */
function moved(plan: IntakePlan, input: RefsInput, known: KnownEntry, move: { from: string; to: string }): void {
  const revision = known.revision + 1;
  const entry: FeedEntry = { entryId: known.entryId, ...(known.tag === null ? {} : { tag: known.tag }), sha: move.to };
  const event = eventFor(input, entry, revision, move);
  store(plan, input, { ...known, revision, commit: move.to });
  const decisions = input.stacks.map((stack) => decide(stack, input.config.event, entry));
  plan.signals.push({ ...signal(input, entry, revision, "moved", decisions), eventId: event.id });
  plan.events.push(event);
  for (const { stackId, pass } of decisions) if (pass) plan.deliveries.push({ eventId: event.id, stackId });
}

/** Of a branch only its head counts: who follows it goes there, past what came before. */
function planHeads(input: RefsInput): IntakePlan {
  const plan = emptyPlan();
  const known = new Set(input.known.map((entry) => entry.entryId));
  for (const { name, commit } of input.refs) {
    if (!name.startsWith(HEADS) || known.has(commit)) continue;
    store(plan, input, { entryId: commit, fingerprint: REFS_ONLY, revision: 0, tag: null, commit });
    if (!input.baseline) emit(plan, input, { entryId: commit, sha: commit, ref: name }, 0);
  }
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
