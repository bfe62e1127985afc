/**
 * What a stack must know of events before it takes them in, with one request to D1.
 *
 * @module
 */
import { and, eq, isNotNull, ne, type Placeholder, type SQL, sql } from "drizzle-orm";
import { type Database, inJson, reading } from "./database.ts";
import type { FlowEventRow } from "./flow-events.ts";
import { type Named, prepared } from "./prepared.ts";
import { attempts, deliveries, feedEntries, flowEvents, sourceStacks } from "./schema.ts";

export type Acceptance = {
  /** Those of the events that exist. */
  events: FlowEventRow[];
  /** Those that the stack's journal holds already. */
  accepted: ReadonlySet<string>;
  /** By movement: the stack's first attempt on it that was not skipped. May hold movements of no event asked for. */
  firstAttempts: ReadonlyMap<string, string>;
  /** Where one of the events is a security advisory: every tag that the stack's sources know. */
  tags: readonly string[];
};

export async function readAcceptance(db: Database, stackId: string, eventIds: readonly string[]): Promise<Acceptance> {
  const eventIdList = JSON.stringify(eventIds);
  const [found, taken, tried, known] = await reading(
    db.$client.batch([
      byIds.statement(db, { eventIds: eventIdList }),
      accepted.statement(db, { eventIds: eventIdList, stackId }),
      onMovement.statement(db, { eventIds: eventIdList, stackId }),
      knownTags.statement(db, { eventIds: eventIdList, stackId }),
    ]),
  );
  const firstAttempts = new Map<string, string>();
  for (const { id, movement } of onMovement.read(tried).toSorted((a, b) => a.number - b.number))
    if (!firstAttempts.has(movement)) firstAttempts.set(movement, id);
  return {
    events: byIds.read(found),
    accepted: new Set(accepted.read(taken).map((row) => row.eventId)),
    firstAttempts,
    tags: [...new Set(knownTags.read(known).flatMap(({ tag }) => tag ?? []))],
  };
}

const byIds = prepared((query, value: Named<"eventIds">) =>
  query
    .select()
    .from(flowEvents)
    .where(inJson(flowEvents.id, value("eventIds"))),
);

const accepted = prepared((query, value: Named<"eventIds" | "stackId">) =>
  query
    .select({ eventId: deliveries.eventId })
    .from(deliveries)
    .where(
      and(
        inJson(deliveries.eventId, value("eventIds")),
        eq(deliveries.stackId, value("stackId")),
        eq(deliveries.status, "accepted"),
      ),
    ),
);

/** Not in order: SQLite would rather read the stack's whole history in order than sort a few rows. */
const onMovement = prepared((query, value: Named<"eventIds" | "stackId">) =>
  query
    .select({ id: attempts.id, number: attempts.number, movement: attempts.movement })
    .from(attempts)
    .where(
      and(
        eq(attempts.stackId, value("stackId")),
        sql`${attempts.movement} IN (${movementsOf(value("eventIds"))})`,
        ne(attempts.status, "skipped"),
      ),
    ),
);

/** None, and nothing is read for it, unless one of the events is an advisory. */
const knownTags = prepared((query, value: Named<"eventIds" | "stackId">) =>
  query
    .select({ tag: feedEntries.tag })
    .from(sourceStacks)
    .innerJoin(feedEntries, and(eq(feedEntries.sourceId, sourceStacks.sourceId), isNotNull(feedEntries.tag)))
    .where(
      and(
        sql`EXISTS (SELECT 1 FROM flow_events WHERE id IN (SELECT value FROM json_each(${value("eventIds")}))
          AND json_extract(payload, '$.entry.advisory') IS NOT NULL)`,
        eq(sourceStacks.stackId, value("stackId")),
      ),
    ),
);

/** Every name that the events' movements may have: which one it is, is the attempt machine's to say. */
function movementsOf(ids: Placeholder): SQL {
  const entry = (field: string) => sql.raw(`json_extract(e.payload, '$.${field}')`);
  const tag = entry("entry.tag");
  return sql`
    SELECT value FROM flow_events AS e, json_each(json_array(
      'tag:' || ${tag}, 'tag:' || ${tag} || '@' || ${entry("moved.to")}, 'commit:' || ${entry("entry.sha")}, 'event:' || e.id,
      'advisory:' || ${entry("entry.advisory.key")}
    )) WHERE e.id IN (SELECT value FROM json_each(${ids})) AND value IS NOT NULL`;
}
