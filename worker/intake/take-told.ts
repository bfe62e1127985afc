/**
 * A movement that a forge's webhook told, taken in like one that a poll found: same keys, same
 * transaction, same events. Whoever tells it second tells nothing new.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import { log } from "../platform/log.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { PROVIDERS } from "../providers/index.ts";
import { type Database, openDatabase, StorageFault } from "../store/database.ts";
import { type EntryKey, findFiltered, knownEntries, storeIntake } from "../store/feed-entries.ts";
import { type FeedSourceRow, followersOf } from "../store/feed-sources.ts";
import { deliverPending } from "./deliver.ts";
import { isBare, REFS_ONLY, WEBHOOK_ONLY } from "./known-entry.ts";
import {
  emit,
  emitRelease,
  emptyPlan,
  type FollowingStack,
  followingStack,
  type IntakePlan,
  type MovementContext,
} from "./movement.ts";
import { planRefs } from "./plan-refs.ts";
import { branchOf } from "./repository.ts";

/** What a webhook can tell of a repository. `repositoryId` is the forge's own, part of GitHub's entry ids. */
export type ToldMovement =
  | { kind: "release"; tag: string; repositoryId: string; about: Omit<FeedEntry, "entryId" | "tag"> }
  /** `commit` where the webhook names it: an annotated tag's own id is none. */
  | { kind: "tag"; tag: string; repositoryId: string; commit: string | undefined }
  /** `passed`: commits that came with the head and are past with it. */
  | { kind: "branch"; ref: string; commit: string; passed: readonly string[] };

/** Stores and delivers; the answer is the events that it made, or why it means nothing to this source. */
export async function takeTold(
  env: Pick<Env, "DB" | "PATCH_STACK">,
  source: FeedSourceRow,
  told: ToldMovement,
  now: string,
): Promise<Result<{ eventIds: string[] }, string>> {
  const db = openDatabase(env.DB);
  const key = keyOf(source, told);
  if (!key.ok) return key;
  const found = (await knownEntries(db, [{ sourceId: source.id, entries: [key.value] }])).get(source.id)?.known;
  const known = [...(found?.values() ?? [])][0];
  const stacks = await following(db, source.id);
  const context = { sourceId: source.id, config: source.config, stacks, now };
  const plan = await planTold(db, context, told, key.value, known);
  const fault = plan.entries.length === 0 ? undefined : await storeIntake(db, source.id, plan, {}, now);
  if (fault !== undefined) throw new StorageFault(fault.kind === "fault" ? fault.message : fault.column);
  for (const { entryId, revision, disposition, eventId } of plan.signals)
    log("info", "feed.signal", { sourceId: source.id, entryId, revision, disposition, eventId, by: "webhook" });
  await deliverPending(env, [...new Set(plan.deliveries.map(({ stackId }) => stackId))]);
  return ok({ eventIds: plan.events.map(({ id }) => id) });
}

/** The key that polling gives the same movement; a sentence where the source does not follow such movements. */
function keyOf(source: FeedSourceRow, told: ToldMovement): Result<Pick<FeedEntry, "entryId" | "tag">, string> {
  const { config } = source;
  const provider = PROVIDERS[config.provider];
  if (told.kind === "branch") {
    if (config.event !== "push") return fail(`the source follows ${config.event}s`);
    return branchOf(config) === told.ref ? ok({ entryId: told.commit }) : fail("the source follows another branch");
  }
  // A feed of releases that tells no bare tags: one counts when it becomes a release.
  const counts =
    told.kind === "release"
      ? config.event === "release"
      : config.event === "tag" || (config.event === "release" && provider.bareTags === true);
  if (!counts) return fail(`the source follows ${config.event}s`);
  const entryId = provider.toldEntryId?.(told.tag, told.repositoryId);
  return entryId === undefined
    ? fail(`entries of a '${config.provider}' source have ids that a webhook does not tell; it is polled only`)
    : ok({ entryId, tag: told.tag });
}

async function planTold(
  db: Database,
  context: MovementContext,
  told: ToldMovement,
  key: Pick<FeedEntry, "entryId" | "tag">,
  known: EntryKey | undefined,
): Promise<IntakePlan> {
  const entryId = known?.entryId ?? key.entryId;
  if (told.kind === "branch") return planBranch(context, told, known);
  if (told.kind === "tag" && told.commit !== undefined)
    return planRefs({
      ...context,
      refs: [{ name: `refs/tags/${told.tag}`, commit: told.commit }],
      known: known === undefined ? [] : [known],
      baseline: false,
      gap: false,
      bareTags: true,
      tagEntryId: () => entryId,
    });
  const plan = emptyPlan();
  const about = told.kind === "release" ? told.about : {};
  const entry: FeedEntry = { entryId, ...about, tag: told.tag };
  const fingerprint = told.kind === "release" ? WEBHOOK_ONLY : REFS_ONLY;
  if (known === undefined) {
    plan.entries.push(row(context, { entryId, fingerprint, tag: told.tag, commit: null }));
    emit(plan, context, entry, 0);
  } else if (told.kind === "release" && known.fingerprint === REFS_ONLY) {
    // A tag that is a release now. Where the tag was news already this makes the same ids: nothing new.
    plan.entries.push({ ...known, fingerprint, lastSeenAt: context.now });
    emit(plan, context, entry, known.revision);
  } else if (told.kind === "release" && isBare(known)) {
    const revision = known.revision + 1;
    plan.entries.push({ ...known, fingerprint, revision, lastSeenAt: context.now });
    emitRelease(plan, context, entry, revision);
  } else if (told.kind === "release" && (await wasPrerelease(db, context.sourceId, known, about.prerelease))) {
    const revision = known.revision + 1;
    plan.entries.push({ ...known, revision, lastSeenAt: context.now });
    emit(plan, context, entry, revision);
  }
  return plan;
}

/** Held back as a prerelease, and none any more: for those who take only full releases it happens now. */
async function wasPrerelease(
  db: Database,
  sourceId: string,
  known: EntryKey,
  prerelease: boolean | undefined,
): Promise<boolean> {
  if (prerelease !== false) return false;
  return (await findFiltered(db, sourceId, known.entryId, known.revision))?.prerelease === true;
}

/** Of a branch only its head counts, as when the refs tell it; what came with it is past. */
function planBranch(
  context: MovementContext,
  told: Extract<ToldMovement, { kind: "branch" }>,
  known: EntryKey | undefined,
): IntakePlan {
  const plan = emptyPlan();
  if (known !== undefined) return plan;
  for (const sha of new Set([...told.passed, told.commit]))
    plan.entries.push(row(context, { entryId: sha, fingerprint: WEBHOOK_ONLY, tag: null, commit: sha }));
  emit(plan, context, { entryId: told.commit, sha: told.commit, ref: told.ref }, 0);
  return plan;
}

function row(
  { now }: MovementContext,
  entry: Pick<EntryKey, "entryId" | "fingerprint" | "tag" | "commit">,
): IntakePlan["entries"][number] {
  return { ...entry, revision: 0, firstSeenAt: now, lastSeenAt: now, missingFrom: 0 };
}

async function following(db: Database, sourceId: string): Promise<FollowingStack[]> {
  const rows = await followersOf(db, sourceId);
  return rows.map(({ stackId, config }) => followingStack(stackId, config));
}
