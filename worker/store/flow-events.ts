/**
 * Flow events and their deliveries to stacks in D1.
 *
 * @module
 */
import { and, desc, eq, lt } from "drizzle-orm";
import type { FlowEventType } from "../contract/flow-event-type.ts";
import { commit, type Database, insertRow, insertRows, reading, type StorageFailure } from "./database.ts";
import { deliveries, flowEvents } from "./schema.ts";

export type FlowEventRow = typeof flowEvents.$inferSelect;
export type DeliveryRow = typeof deliveries.$inferSelect;

export async function findEvent(db: Database, id: string): Promise<FlowEventRow | undefined> {
  return (await reading(db.select().from(flowEvents).where(eq(flowEvents.id, id)).limit(1)))[0];
}

/** Newest first. By stack the order is that of the deliveries, which hold what the list tells. */
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
  const { position, eventId, type, event } = deliveries;
  const rows = await reading(
    db
      .select({ position, id: eventId, type, event })
      .from(deliveries)
      .where(
        and(
          eq(deliveries.stackId, filter.stackId),
          filter.type === undefined ? undefined : eq(type, filter.type),
          before === undefined ? undefined : lt(position, before),
        ),
      )
      .orderBy(desc(position))
      .limit(limit + 1),
  );
  return rows.map(({ event, type, ...row }) => {
    if (event === null || type === null) throw new Error(`the delivery of '${row.id}' was written without its trigger`);
    return { ...row, type, ...event };
  });
}

/** Stores an event and its deliveries as one; what is there already stays as it is. `stackIds`: each once. */
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
    insertRow(db, flowEvents, { ...event, stackIds: [...stackIds] }, "ignore"),
    ...insertRows(db, deliveries, rows, "ignore"),
  ]);
}
