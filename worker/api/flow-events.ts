/**
 * `/flow-events`: read them, accept one by hand, retry and replay.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Dispatch, MaintenanceAttempt, RetryAnswer } from "../contract/attempt.ts";
import { FlowEvent, FlowEventInput } from "../contract/flow-event.ts";
import { FlowEventType } from "../contract/flow-event-type.ts";
import { LIST_LIMIT, Name } from "../contract/primitives.ts";
import { listAttempts } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
import { listDispatches } from "../store/dispatches.ts";
import { findSource, stacksOfSource } from "../store/feed-sources.ts";
import { type FlowEventRow, findEvent, insertEvent, listEvents } from "../store/flow-events.ts";
import { findStack } from "../store/stacks.ts";
import {
  ApiError,
  type AppEnv,
  decodeCursor,
  json,
  jsonBody,
  ListQuery,
  page,
  refusals,
  router,
  scope,
} from "./http.ts";
import { granted, stackObject } from "./object.ts";
import { attemptView, dispatchView, eventView } from "./record-views.ts";

const params = z.object({ id: z.string().min(1).max(1400) });
const Accepted = z.object({ event: FlowEvent, accepted: z.boolean() });
const Which = z.strictObject({ stackId: Name.optional() });

export const flowEventsApi = router();

flowEventsApi.openapi(
  createRoute({
    method: "get",
    path: "/flow-events",
    middleware: [scope("read")] as const,
    request: { query: ListQuery.extend({ type: FlowEventType.optional(), stackId: Name.optional() }) },
    responses: {
      200: json(z.object({ events: z.array(FlowEvent), nextCursor: z.string().optional() }), "Events, newest first"),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor, type, stackId } = c.req.valid("query");
    const { rows, ...more } = page(await listEvents(c.var.db, { type, stackId }, limit, decodeCursor(cursor)), limit);
    return c.json({ events: rows.map(eventView), ...more }, 200);
  },
);

flowEventsApi.openapi(
  createRoute({
    method: "get",
    path: "/flow-events/{id}",
    middleware: [scope("read")] as const,
    request: { params },
    responses: {
      200: json(
        z.object({ event: FlowEvent, dispatches: z.array(Dispatch), attempts: z.array(MaintenanceAttempt) }),
        "The event, its newest dispatches and attempts",
      ),
      ...refusals,
    },
  }),
  async (c) => {
    const row = await readEvent(c.var.db, c.req.valid("param").id);
    const event = eventView(row);
    const [dispatches, attempts] = await Promise.all([
      listDispatches(c.var.db, { eventId: row.id }, LIST_LIMIT.max),
      listAttempts(c.var.db, { eventId: row.id }, LIST_LIMIT.max),
    ]);
    return c.json({ event, dispatches: dispatches.map(dispatchView), attempts: attempts.map(attemptView) }, 200);
  },
);

flowEventsApi.openapi(
  createRoute({
    method: "post",
    path: "/flow-events",
    middleware: [scope("operate")] as const,
    request: { body: jsonBody(FlowEventInput) },
    responses: {
      200: json(Accepted, "It was there already, with the same content"),
      201: json(Accepted, "Accepted"),
      ...refusals,
    },
  }),
  async (c) => {
    const input = c.req.valid("json");
    const { entry } = input.payload;
    const { tag, sha, ref, advisory } = entry;
    if (tag === undefined && sha === undefined && ref === undefined && advisory === undefined)
      throw new ApiError("invalid_request", "payload.entry: name a tag, a sha or a ref to carry the stack onto");
    const known = await findEvent(c.var.db, input.id);
    if (known !== undefined && !sameContent(known, input))
      throw new ApiError("id_reused", `event '${input.id}' exists with other content`);
    await refuseUnknownSource(c.var.db, known === undefined ? input : {});
    const stackIds = [
      ...new Set(
        input.stackIds ?? (input.sourceId === undefined ? [] : await stacksOfSource(c.var.db, input.sourceId)),
      ),
    ];
    for (const id of stackIds) await mustExist(c.var.db, id);
    // What is there already stays; an event that was only recorded may be handed to a stack later.
    const { id: eventId, type, sourceId = null, occurredAt = null, payload } = input;
    const row = { id: eventId, type, sourceId, occurredAt, payload, receivedAt: new Date().toISOString() };
    const failure = await insertEvent(c.var.db, row, stackIds);
    if (failure !== undefined) throw new ApiError("storage_unavailable", "storage does not answer; try again");
    for (const id of stackIds) granted(await stackObject(c.env, id).accept(id, [input.id]));
    const event = eventView(await readEvent(c.var.db, input.id));
    return c.json({ event, accepted: known === undefined }, known === undefined ? 201 : 200);
  },
);

for (const type of ["retry", "replay"] as const) {
  flowEventsApi.openapi(
    createRoute({
      method: "post",
      path: `/flow-events/{id}/${type}`,
      middleware: [scope("operate")] as const,
      request: { params },
      // Read by hand below: a client may say JSON and send nothing.
      requestBody: {
        required: false,
        content: { "application/json": { schema: { type: "object", properties: { stackId: { type: "string" } } } } },
      },
      responses: { 202: json(RetryAnswer, "The new attempt"), ...refusals },
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      return c.json(await tryAgain(c, type, id, await requestedStack(c)), 202);
    },
  );
}

/** A new attempt for an event, in the stack named or the only one it has: by the API or the console. */
export async function tryAgain(c: Context<AppEnv>, type: "retry" | "replay", id: string, asked?: string) {
  const event = eventView(await readEvent(c.var.db, id));
  const stackId = onlyStack(event, asked);
  const object = stackObject(c.env, stackId);
  const answer = granted(await object.operate(stackId, { type, eventId: id }, c.var.actor.name, c.var.idempotency));
  const attempt = attemptView(answer.attempt);
  return { event, attempt, record: { eventId: id, stackId, attemptId: attempt.id, operation: attempt.operation } };
}

/** The body may be absent altogether: then there is one stack to choose from. */
async function requestedStack(c: Context<AppEnv>): Promise<string | undefined> {
  const text = await c.req.text();
  if (text.trim() === "") return undefined;
  const parsed = Which.safeParse(parseJson(text));
  if (!parsed.success) throw new ApiError("invalid_request", 'send nothing, or {"stackId": "…"}');
  return parsed.data.stackId;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("invalid_request", "the body is not JSON");
  }
}

function onlyStack(event: FlowEvent, asked: string | undefined): string {
  if (asked !== undefined && !event.stackIds.includes(asked))
    throw new ApiError("not_found", `the event was not handed to stack '${asked}'`);
  const [first, ...others] = event.stackIds;
  if (asked !== undefined) return asked;
  if (first === undefined) throw new ApiError("conflict", "the event was recorded only; no stack follows it");
  if (others.length > 0)
    throw new ApiError("invalid_request", `name one of its stacks as stackId: ${event.stackIds.join(", ")}`);
  return first;
}

async function readEvent(db: Database, id: string): Promise<FlowEventRow> {
  const row = await findEvent(db, id);
  if (row === undefined) throw new ApiError("not_found", `there is no event '${id}'`);
  return row;
}

/** Whoever names a source and no stack means those of the source: of one that is not there, nobody would get the event. */
async function refuseUnknownSource(db: Database, { sourceId, stackIds }: Partial<FlowEventInput>): Promise<void> {
  if (sourceId === undefined || stackIds !== undefined || (await findSource(db, sourceId)) !== undefined) return;
  throw new ApiError(
    "invalid_request",
    `sourceId: there is no feed source '${sourceId}'; declare it, name stackIds, or leave it out to record the event only`,
  );
}

async function mustExist(db: Database, stackId: string): Promise<void> {
  const stack = await findStack(db, stackId);
  if (stack === undefined || stack.deletedAt !== null)
    throw new ApiError("invalid_request", `stackIds: there is no stack '${stackId}'`);
}

function sameContent(row: FlowEventRow, input: FlowEventInput): boolean {
  const content = (e: { type: string; payload: unknown; sourceId?: string | null; occurredAt?: string | null }) =>
    JSON.stringify([e.type, e.payload, e.sourceId ?? null, e.occurredAt ?? null]);
  return content(row) === content(input);
}
