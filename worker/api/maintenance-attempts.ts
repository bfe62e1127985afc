/**
 * `/maintenance-attempts`: read them, and act on them.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { OperatorCommand } from "../../durable-objects/stack-desk.ts";
import {
  AttemptDetail,
  AttemptStatus,
  MaintenanceAttempt,
  NoteInput,
  OPEN_STATUSES,
  ResumeInput,
} from "../contract/attempt.ts";
import { Name } from "../contract/primitives.ts";
import { readReports } from "../store/attempt-record.ts";
import { findAttempt, listAttempts, readTimeline, type StoredAttempt } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
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
  statusFilter,
} from "./http.ts";
import { granted, stackObject } from "./object.ts";
import { attemptView, earlierReportView, timelineView } from "./record-views.ts";

const params = z.object({ id: z.string().min(1).max(128) });
const AttemptAnswer = z.object({ attempt: MaintenanceAttempt });

const StatusFilter = statusFilter(AttemptStatus, OPEN_STATUSES);

export const maintenanceAttemptsApi = router();

maintenanceAttemptsApi.openapi(
  createRoute({
    method: "get",
    path: "/maintenance-attempts",
    middleware: [scope("read")] as const,
    request: {
      query: ListQuery.extend({
        eventId: z.string().max(1400).optional(),
        stackId: Name.optional(),
        status: StatusFilter.openapi({ type: "string", example: "needs_intervention" }),
      }),
    },
    responses: {
      200: json(
        z.object({ attempts: z.array(MaintenanceAttempt), nextCursor: z.string().optional() }),
        "Attempts, newest first",
      ),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor, eventId, stackId, status } = c.req.valid("query");
    const found = await listAttempts(c.var.db, { eventId, stackId, statuses: status }, limit, decodeCursor(cursor));
    const { rows, ...more } = page(found, limit);
    return c.json({ attempts: rows.map(attemptView), ...more }, 200);
  },
);

maintenanceAttemptsApi.openapi(
  createRoute({
    method: "get",
    path: "/maintenance-attempts/{id}",
    middleware: [scope("read")] as const,
    request: { params },
    responses: { 200: json(AttemptDetail, "The attempt, its timeline and its stack report"), ...refusals },
  }),
  async (c) => {
    const row = await readAttempt(c.var.db, c.req.valid("param").id);
    const [timeline, { report, earlier }] = await Promise.all([
      readTimeline(c.var.db, row.id),
      readReports(c.var.db, row.id),
    ]);
    const progress = row.status === "running" ? await stackObject(c.env, row.stackId).readProgress(row.id) : undefined;
    const detail = {
      attempt: attemptView(row),
      timeline: timeline.map(timelineView),
      report: report?.report ?? null,
      ...(earlier.length === 0 ? {} : { earlierReports: earlier.map(earlierReportView) }),
      ...(progress === undefined ? {} : { progress }),
    };
    return c.json(detail, 200);
  },
);

maintenanceAttemptsApi.openapi(
  createRoute({
    method: "post",
    path: "/maintenance-attempts/{id}/resume",
    middleware: [scope("operate")] as const,
    request: { params, body: jsonBody(ResumeInput) },
    responses: { 200: json(AttemptAnswer, "Waits for its turn again"), ...refusals },
  }),
  async (c) => {
    const { note, resolvedRef } = c.req.valid("json");
    return c.json(await operate(c, { type: "resume", attemptId: c.req.valid("param").id, note, resolvedRef }), 200);
  },
);

maintenanceAttemptsApi.openapi(
  createRoute({
    method: "post",
    path: "/maintenance-attempts/{id}/dismiss",
    middleware: [scope("operate")] as const,
    request: { params, body: jsonBody(NoteInput) },
    responses: { 200: json(AttemptAnswer, "Dismissed"), ...refusals },
  }),
  async (c) => {
    const { note } = c.req.valid("json");
    return c.json(await operate(c, { type: "dismiss", attemptId: c.req.valid("param").id, note }), 200);
  },
);

const actions = {
  cancel: "Cancelled, or asked of the runner that holds it",
  sync: "Deadlines and the execution surface were looked at again",
} as const;

for (const type of ["cancel", "sync"] as const) {
  maintenanceAttemptsApi.openapi(
    createRoute({
      method: "post",
      path: `/maintenance-attempts/{id}/${type}`,
      middleware: [scope("operate")] as const,
      request: { params },
      responses: { 200: json(AttemptAnswer, actions[type]), ...refusals },
    }),
    async (c) => c.json(await operate(c, { type, attemptId: c.req.valid("param").id }), 200),
  );
}

maintenanceAttemptsApi.openapi(
  createRoute({
    method: "post",
    path: "/maintenance-attempts/{id}/land",
    middleware: [scope("operate")] as const,
    request: { params },
    responses: {
      202: json(AttemptAnswer, "The attempt that moves the maintained branch to the candidate"),
      ...refusals,
    },
  }),
  async (c) => c.json(await operate(c, { type: "land", attemptId: c.req.valid("param").id }), 202),
);

/** One act of an operator on an attempt: by the API or the console. */
export async function operate(c: Context<AppEnv>, command: Extract<OperatorCommand, { attemptId: string }>) {
  const { stackId } = await readAttempt(c.var.db, command.attemptId);
  const object = stackObject(c.env, stackId);
  const { attempt } = granted(await object.operate(stackId, command, c.var.actor.name, c.var.idempotency));
  return { attempt: attemptView(attempt) };
}

/** The attempt, or 404. */
export async function readAttempt(db: Database, id: string): Promise<StoredAttempt> {
  const row = await findAttempt(db, id);
  if (row === undefined) throw new ApiError("not_found", `there is no attempt '${id}'`);
  return row;
}
