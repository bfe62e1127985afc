/**
 * Flow events and their deliveries to stacks in D1.
 *
 * @module
 */
import { and, desc, eq, lt } from "drizzle-orm";
import type { FlowEventType } from "../contract/flow-event-type.ts";
import { commit, type Database, insertRows, reading, type StorageFailure } from "./database.ts";
import { deliveries, flowEvents } from "./schema.ts";

export type FlowEventRow = typeof flowEvents.$inferSelect;
export type DeliveryRow = typeof deliveries.$inferSelect;

export async function findEvent(db: Database, id: string): Promise<FlowEventRow | undefined> {
  return (await reading(db.select().from(flowEvents).where(eq(flowEvents.id, id)).limit(1)))[0];
}

/** Newest first. By stack the order is that of the deliveries, which is what its index serves. */
export async function listEvents(
  db: Database,
  filter: { type?: FlowEventType; stackId?: string },
  limit: number,
  before?: number,
): Promise<FlowEventRow[]> {
  if (filter.stackId === undefined) {
    const where = and(
      filter.type === undefined ? undefined : eq(flowEvents.type, filter.type),
      before === undefined ? undefined : lt(flowEvents.position, before),
    );
    return reading(
      db
        .select()
        .from(flowEvents)
        .where(where)
        .orderBy(desc(flowEvents.position))
        .limit(limit + 1),
    );
  }
  const rows = await reading(
    db
      .select({ event: flowEvents, position: deliveries.position })
      .from(deliveries)
      .innerJoin(flowEvents, eq(flowEvents.id, deliveries.eventId))
      .where(
        and(
          eq(deliveries.stackId, filter.stackId),
          filter.type === undefined ? undefined : eq(deliveries.type, filter.type),
          before === undefined ? undefined : lt(deliveries.position, before),
        ),
      )
      .orderBy(desc(deliveries.position))
      .limit(limit + 1),
  );
  return rows.map((row) => ({ ...row.event, position: row.position }));
}

/** Stores an event and its deliveries as one; what is there already stays as it is. */
export async function insertEvent(
  db: Database,
  event: typeof flowEvents.$inferInsert,
  stackIds: readonly string[],
): Promise<StorageFailure | undefined> {
  const rows = stackIds.map((stackId) => ({
    eventId: event.id,
    stackId,
    status: "pending" as const,
    createdAt: event.receivedAt,
    acceptedAt: null,
  }));
  return commit(db, [
    insertRows(db, flowEvents, [event], "ignore"),
    ...(rows.length === 0 ? [] : [insertRows(db, deliveries, rows, "ignore")]),
  ]);
}
