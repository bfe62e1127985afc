/**
 * Flow events of the older service.
 *
 * @module
 */
import { FlowEventType } from "../../worker/contract/flow-event-type.ts";
import { PastEvent } from "../../worker/contract/history.ts";
import { Name } from "../../worker/contract/primitives.ts";
import { entryOf, withoutId } from "./older-entries.ts";
import { EPOCH, isRecord, type Json, textOf, timeOf } from "./older-row.ts";

export type OlderEvent = { event: PastEvent; stackIds: string[] };

/** Which stacks a source feeds: from the server, for records that name a source alone. */
export type StacksOf = (sourceId: string) => readonly string[];

const EVENT_TYPES: Readonly<Record<string, string>> = {
  release: "upstream.release",
  tag: "upstream.tag",
  push: "upstream.push",
  advisory: "upstream.advisory",
};

export function eventOf(row: Json, stacksOf: StacksOf, fallback: string | undefined): OlderEvent | undefined {
  const given = isRecord(row.event) ? { ...row, ...row.event } : row;
  const id = textOf(given, "id", "eventId");
  if (id === undefined) return undefined;
  const said = textOf(given, "type", "eventType", "kind") ?? "release";
  const type = FlowEventType.safeParse(EVENT_TYPES[said] ?? said);
  const payload = isRecord(given.payload) ? given.payload : given;
  const [, idSource, idEntry] = /^patch:([^:]+):(.+):[^:]+(?::r\d+)?$/.exec(id) ?? [];
  const entry = entryOf({ entryId: idEntry, ...withoutId(payload) }) ?? { entryId: idEntry ?? id };
  const sourceId = textOf(given, "sourceId", "source") ?? idSource;
  const known = sourceId !== undefined && Name.safeParse(sourceId).success ? sourceId : undefined;
  const receivedAt =
    timeOf(given, "receivedAt", "acceptedAt", "createdAt", "recordedAt", "occurredAt", "at", "timestamp") ?? EPOCH;
  const occurredAt = timeOf(given, "occurredAt");
  const parsed = PastEvent.safeParse({
    id,
    type: type.success ? type.data : "upstream.release",
    ...(known === undefined ? {} : { sourceId: known }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    receivedAt,
    payload: { entry },
  });
  if (!parsed.success) return undefined;
  const listed = Array.isArray(given.stackIds)
    ? (given.stackIds as unknown[]).filter((one) => typeof one === "string")
    : [];
  const own = textOf(given, "stackId", "stack");
  const stackIds = [...(own === undefined ? [] : [own]), ...listed, ...(known === undefined ? [] : stacksOf(known))];
  const named = stackIds.filter((one) => Name.safeParse(one).success);
  const found = named.length === 0 && fallback !== undefined ? [fallback] : named;
  return { event: parsed.data, stackIds: [...new Set(found)] };
}
