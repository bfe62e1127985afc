/**
 * One hand-out of an attempt with everything that a surface is told about it.
 *
 * @module
 */
import { and, eq, ne, sql } from "drizzle-orm";
import type { StackConfig } from "../contract/stack.ts";
import { type Database, reading } from "./database.ts";
import type { FlowEventRow } from "./flow-events.ts";
import { type Named, prepared } from "./prepared.ts";
import type { AttemptRow, DispatchRow } from "./rows.ts";
import { attempts, dispatches, flowEvents, stacks } from "./schema.ts";

export type HandOutRecord = {
  dispatch: DispatchRow;
  attempt: AttemptRow;
  event: FlowEventRow;
  config: StackConfig;
  /** Ids of the surface's runs for other hand-outs of the event in this stack. */
  earlierRuns: string[];
  /** An earlier one of them may or may not have arrived. */
  earlierUnclear: boolean;
};

/** Hand-outs of one event in one stack that are looked through; nobody replays an event as often. */
const MOST = 500;

const own = prepared((query, value: Named<"id">) =>
  query
    .select()
    .from(dispatches)
    .where(eq(dispatches.id, value("id"))),
);
const ofAttempt = prepared((query, value: Named<"id">) =>
  query
    .select()
    .from(attempts)
    .where(eq(attempts.id, sql`(SELECT attempt_id FROM dispatches WHERE id = ${value("id")})`)),
);
const ofEvent = prepared((query, value: Named<"id">) =>
  query
    .select()
    .from(flowEvents)
    .where(eq(flowEvents.id, sql`(SELECT event_id FROM dispatches WHERE id = ${value("id")})`)),
);
const ofStack = prepared((query, value: Named<"id">) =>
  query
    .select({ config: stacks.config })
    .from(stacks)
    .where(eq(stacks.id, sql`(SELECT stack_id FROM dispatches WHERE id = ${value("id")})`)),
);
const others = prepared((query, value: Named<"id">, limit) =>
  query
    .select()
    .from(dispatches)
    .where(
      and(
        eq(dispatches.eventId, sql`(SELECT event_id FROM dispatches WHERE id = ${value("id")})`),
        eq(dispatches.stackId, sql`(SELECT stack_id FROM dispatches WHERE id = ${value("id")})`),
        ne(dispatches.id, value("id")),
      ),
    )
    .limit(limit),
);

/** Undefined when there is no such hand-out. */
export async function readHandOut(db: Database, id: string): Promise<HandOutRecord | undefined> {
  const answers = await reading(
    db.$client.batch([
      own.statement(db, { id }),
      ofAttempt.statement(db, { id }),
      ofEvent.statement(db, { id }),
      ofStack.statement(db, { id }),
      others.statement(db, { id }, MOST),
    ]),
  );
  const [dispatch] = own.read(answers[0]);
  const [attempt] = ofAttempt.read(answers[1]);
  const [event] = ofEvent.read(answers[2]);
  const [stack] = ofStack.read(answers[3]);
  if (dispatch === undefined || attempt === undefined || event === undefined || stack === undefined) return undefined;
  const rest = others.read(answers[4]);
  return {
    dispatch,
    attempt,
    event,
    config: stack.config,
    earlierRuns: rest.flatMap((other) => (other.runs ?? []).map((run) => run.id)),
    earlierUnclear: rest.some((other) => other.outcome === "unclear" && other.position < dispatch.position),
  };
}
