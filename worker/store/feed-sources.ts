/**
 * Feed sources in D1: what was declared, when they are due, and how polling goes.
 *
 * @module
 */
import { and, desc, eq, isNotNull, isNull, lt } from "drizzle-orm";
import { z } from "zod";
import { type FeedSourceConfig, stacksFed } from "../contract/feed-source.ts";
import type { StackConfig } from "../contract/stack.ts";
import {
  commit,
  type Database,
  inJson,
  insertRows,
  reading,
  type Statement,
  StorageFault,
  statement,
} from "./database.ts";
import { readingOf, type UnreadableDeclaration } from "./declared-column.ts";
import { type Listed, listed } from "./listed.ts";
import { type Named, prepared, type Unread } from "./prepared.ts";
import { feedSources, sourceStacks, stacks } from "./schema.ts";

export type FeedSourceRow = typeof feedSources.$inferSelect;

/** How one poll ended, as the source's row keeps it. */
export type PollRecord = {
  id: string;
  /** `updatedAt` of the configuration that was polled: of another one this says nothing. */
  version: string;
  outcome: "changed" | "unchanged" | "not_modified" | "failed";
  at: string;
  nextPollAt: string;
  consecutiveFailures: number;
  etag: string | null;
  lastModified: string | null;
  error: { code: string; message: string; at: string } | null;
  movedTo: string | null;
};

const byIds = prepared((query, value: Named<"ids">) =>
  query
    .select()
    .from(feedSources)
    .where(inJson(feedSources.id, value("ids"))),
);

const following = prepared((query, value: Named<"sourceIds">) =>
  query
    .select({ sourceId: sourceStacks.sourceId, stackId: sourceStacks.stackId, config: stacks.config })
    .from(sourceStacks)
    .innerJoin(stacks, eq(stacks.id, sourceStacks.stackId))
    .where(and(inJson(sourceStacks.sourceId, value("sourceIds")), isNull(stacks.deletedAt))),
);

export async function findSource(db: Database, id: string): Promise<FeedSourceRow | undefined> {
  const query = db.select().from(feedSources).where(eq(feedSources.id, id)).limit(1);
  return (await readingOf(`feed source '${id}'`, reading(query)))[0];
}

export async function findSources(
  db: Database,
  ids: readonly string[],
): Promise<{ rows: FeedSourceRow[]; unread: Unread[] }> {
  return byIds.readable(db, { ids: JSON.stringify(ids) });
}

/** What a source was declared with, or what is stored of it where this version cannot read that. */
export type DeclaredBefore = { config: Partial<Record<keyof FeedSourceConfig, unknown>> };

/** Undefined for a source that is not there. */
export async function declaredBefore(db: Database, id: string): Promise<DeclaredBefore | undefined> {
  const { rows, unread } = await findSources(db, [id]);
  const [row] = rows;
  if (row !== undefined) return { config: row.config };
  const [stored] = unread;
  return stored === undefined ? undefined : { config: storedConfig(stored.row.config) };
}

function storedConfig(text: unknown): DeclaredBefore["config"] {
  try {
    return z.looseObject({}).parse(JSON.parse(String(text)));
  } catch {
    return {};
  }
}

/** Newest first, one more than asked for. */
export function listSources(db: Database, limit: number, before?: number): Promise<Listed<FeedSourceRow>[]> {
  const query = db
    .select()
    .from(feedSources)
    .where(before === undefined ? undefined : lt(feedSources.position, before))
    .orderBy(desc(feedSources.position))
    .limit(limit + 1);
  return listed(db, feedSources, query);
}

export type Follower = { sourceId: string; stackId: string; config: StackConfig };

/** Configurations of the stacks that a source feeds; deleted stacks get nothing. */
export async function followersOf(db: Database, sourceId: string): Promise<Follower[]> {
  return following.all(db, { sourceIds: JSON.stringify([sourceId]) });
}

/** The same for many sources; `unread` are those one of whose stacks cannot be read. */
export async function followersOfAll(
  db: Database,
  sourceIds: readonly string[],
): Promise<{ followers: Follower[]; unread: Map<string, UnreadableDeclaration> }> {
  if (sourceIds.length === 0) return { followers: [], unread: new Map() };
  const { rows, unread } = await following.readable(db, { sourceIds: JSON.stringify(sourceIds) });
  return {
    followers: rows,
    unread: new Map(
      unread.map(({ row, error }) => [String(row.source_id), error.of(`stack '${String(row.stack_id)}'`)]),
    ),
  };
}

/** Stacks that a source feeds; none for a source that is not there. */
export async function stacksOfSource(db: Database, sourceId: string): Promise<string[]> {
  const fed = await reading(
    db
      .select({ id: stacks.id })
      .from(sourceStacks)
      .innerJoin(stacks, eq(stacks.id, sourceStacks.stackId))
      .where(and(eq(sourceStacks.sourceId, sourceId), isNull(stacks.deletedAt))),
  );
  return fed.map(({ id }) => id);
}

/** Whether any source that feeds the stack takes webhooks. */
export async function takesWebhooks(db: Database, stackId: string): Promise<boolean> {
  const rows = await reading(
    db
      .select({ id: feedSources.id })
      .from(sourceStacks)
      .innerJoin(feedSources, eq(feedSources.id, sourceStacks.sourceId))
      .where(and(eq(sourceStacks.stackId, stackId), isNotNull(feedSources.webhookKeyId)))
      .limit(1),
  );
  return rows.length > 0;
}

/**
 * Stores a declaration. Where the feed is another than before, its validators mean nothing any more
 * and its next poll is a first one.
 */
export async function putSource(
  db: Database,
  id: string,
  config: FeedSourceConfig,
  before: DeclaredBefore | undefined,
  now: string,
): Promise<void> {
  const sameFeed =
    before !== undefined &&
    before.config.url === config.url &&
    before.config.provider === config.provider &&
    before.config.event === config.event;
  const sameRepository = JSON.stringify(before?.config.repo) === JSON.stringify(config.repo);
  const declared = { config, nextPollAt: config.enabled ? now : null, updatedAt: now };
  const stackIds = stacksFed(id, config.target);
  const failure = await commit(db, [
    before === undefined
      ? statement(db, db.insert(feedSources).values({ id, ...declared, createdAt: now }))
      : statement(
          db,
          db
            .update(feedSources)
            .set(
              sameFeed
                ? { ...declared, ...(sameRepository ? {} : { reconcileAt: now, refsError: null }) }
                : {
                    ...declared,
                    primed: false,
                    refsSeeded: false,
                    reconcileAt: null,
                    gapSince: null,
                    refsError: null,
                    etag: null,
                    lastModified: null,
                    movedTo: null,
                    lastError: null,
                    consecutiveFailures: 0,
                  },
            )
            .where(eq(feedSources.id, id)),
        ),
    statement(db, db.delete(sourceStacks).where(eq(sourceStacks.sourceId, id))),
    ...insertRows(
      db,
      sourceStacks,
      stackIds.map((stackId) => ({ sourceId: id, stackId })),
    ),
  ]);
  if (failure?.kind === "fault") throw new StorageFault(failure.message);
  // Somebody declared the same source at the same moment: theirs is there now, ours goes over it.
  if (failure !== undefined) return putSource(db, id, config, await declaredBefore(db, id), now);
}

/** Sets or (null) takes away what the secret of a source's webhook is derived from; false when there is no such source. */
export async function setWebhookKey(db: Database, id: string, webhookKeyId: string | null): Promise<boolean> {
  const set = await reading(
    db.update(feedSources).set({ webhookKeyId }).where(eq(feedSources.id, id)).returning({ id: feedSources.id }),
  );
  return set.length > 0;
}

/** False when there was none. What was seen goes with the source, the events made from it stay. */
export async function deleteSource(db: Database, id: string): Promise<boolean> {
  const deleted = await reading(db.delete(feedSources).where(eq(feedSources.id, id)).returning({ id: feedSources.id }));
  return deleted.length > 0;
}

/** Sets when refs are read next, for any number of sources with one statement. */
export async function postponeReconciles(
  db: Database,
  next: readonly Pick<FeedSourceRow, "id" | "reconcileAt" | "refsError">[],
): Promise<void> {
  if (next.length === 0) return;
  await reading(
    db.$client
      .prepare(
        `UPDATE feed_sources SET reconcile_at = json_extract(j.value, '$.reconcileAt'),
           refs_error = json_extract(j.value, '$.refsError')
         FROM json_each(?1) AS j WHERE feed_sources.id = json_extract(j.value, '$.id')`,
      )
      .bind(JSON.stringify(next))
      .run(),
  );
}

/**
 * Leaves a host alone until a time: every source of it that would be polled sooner waits, and a little
 * longer at random, so that they do not all come back in the same second. Reads the whole table, which
 * is fine for something that a server has to ask for.
 */
export function holdHost(db: Database, origin: string, until: string): Statement {
  return db.$client
    .prepare(
      `UPDATE feed_sources
       SET next_poll_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '+' || (abs(random()) % 60) || ' seconds')
       WHERE next_poll_at < ?2 AND substr(json_extract(config, '$.url'), 1, length(?1)) = ?1`,
    )
    .bind(`${origin}/`, until);
}

/** Writes the ends of any number of polls with one statement. */
export function recordPolls(db: Database, records: readonly PollRecord[]): Statement {
  const value = (field: string): string => `json_extract(j.value, '$.${field}')`;
  return db.$client
    .prepare(
      `UPDATE feed_sources SET
         polls = polls + 1,
         failed_polls = failed_polls + (${value("outcome")} = 'failed'),
         last_outcome = ${value("outcome")},
         last_poll_at = ${value("at")},
         last_success_at = iif(${value("outcome")} = 'failed', last_success_at, ${value("at")}),
         next_poll_at = iif(next_poll_at IS NULL, NULL, ${value("nextPollAt")}),
         consecutive_failures = ${value("consecutiveFailures")},
         etag = ${value("etag")},
         last_modified = ${value("lastModified")},
         last_error = ${value("error")},
         moved_to = ${value("movedTo")}
       FROM json_each(?1) AS j
       WHERE feed_sources.id = ${value("id")} AND feed_sources.updated_at = ${value("version")}`,
    )
    .bind(JSON.stringify(records));
}

/** A poll that could not be made, of sources whose declaration this version cannot read; they wait until `nextPollAt`. */
export function recordUnread(
  db: Database,
  failed: readonly { id: string; error: NonNullable<PollRecord["error"]> }[],
  nextPollAt: string,
): Statement {
  return db.$client
    .prepare(
      `UPDATE feed_sources SET polls = polls + 1, failed_polls = failed_polls + 1, last_outcome = 'failed',
         last_poll_at = json_extract(j.value, '$.error.at'), last_error = json_extract(j.value, '$.error'),
         consecutive_failures = consecutive_failures + 1, next_poll_at = iif(next_poll_at IS NULL, NULL, ?2)
       FROM json_each(?1) AS j WHERE feed_sources.id = json_extract(j.value, '$.id')`,
    )
    .bind(JSON.stringify(failed), nextPollAt);
}
