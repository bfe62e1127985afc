/**
 * What a stack must know of events before it takes them in, with one request to D1.
 *
 * @module
 */
import { and, eq, ne, sql } from "drizzle-orm";
import { type Database, inList, reading } from "./database.ts";
import type { FlowEventRow } from "./flow-events.ts";
import { attempts, deliveries, flowEvents } from "./schema.ts";

export type Acceptance = {
  /** Those of the events that exist. */
  events: FlowEventRow[];
  /** Those that the stack's journal holds already. */
  accepted: ReadonlySet<string>;
  /** By movement: the stack's first attempt on it that was not skipped. May hold movements of no event asked for. */
  firstAttempts: ReadonlyMap<string, string>;
};

export async function readAcceptance(db: Database, stackId: string, eventIds: readonly string[]): Promise<Acceptance> {
  const [events, accepted, onMovement] = await reading(
    db.batch([
      db.select().from(flowEvents).where(inList(flowEvents.id, eventIds)),
      db
        .select({ eventId: deliveries.eventId })
        .from(deliveries)
        .where(
          and(inList(deliveries.eventId, eventIds), eq(deliveries.stackId, stackId), eq(deliveries.status, "accepted")),
        ),
      db
        .select({ id: attempts.id, number: attempts.number, movement: attempts.movement })
        .from(attempts)
        // Not ordered: SQLite would rather read the stack's whole history in order than sort a few rows.
        .where(and(eq(attempts.stackId, stackId), sql`${attempts.movement} IN (${movementsOf(eventIds)})`, notSkipped)),
    ]),
  );
  const firstAttempts = new Map<string, string>();
  for (const { id, movement } of onMovement.toSorted((a, b) => a.number - b.number))
    if (!firstAttempts.has(movement)) firstAttempts.set(movement, id);
  return { events, accepted: new Set(accepted.map((row) => row.eventId)), firstAttempts };
}

const notSkipped = ne(attempts.status, "skipped");

/** Every name that the events' movements may have: which one it is, is the attempt machine's to say. */
function movementsOf(eventIds: readonly string[]) {
  const ids = JSON.stringify(eventIds);
  const entry = (field: string) => sql.raw(`json_extract(e.payload, '$.${field}')`);
  const tag = entry("entry.tag");
  return sql`
    SELECT value FROM flow_events AS e, json_each(json_array(
      'tag:' || ${tag}, 'tag:' || ${tag} || '@' || ${entry("moved.to")}, 'commit:' || ${entry("entry.sha")}, 'event:' || e.id
    )) WHERE e.id IN (SELECT value FROM json_each(${ids})) AND value IS NOT NULL`;
}
