/**
 * What happened before this record began: `/stacks/:id/history` and `/feed-sources/:id/history`.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { SourceHistoryAnswer, SourceHistoryInput, StackHistoryAnswer, StackHistoryInput } from "../contract/history.ts";
import { Name } from "../contract/primitives.ts";
import { WEBHOOK_ONLY } from "../intake/known-entry.ts";
import { findSource } from "../store/feed-sources.ts";
import { storePastEvents, storeTold } from "../store/history.ts";
import { findStack } from "../store/stacks.ts";
import { ApiError, json, jsonBody, refusals, router, scope } from "./http.ts";
import { granted, stackObject } from "./object.ts";

const params = z.object({ id: Name });

export const historyApi = router();

historyApi.openapi(
  createRoute({
    method: "post",
    path: "/stacks/{id}/history",
    middleware: [scope("admin")] as const,
    request: { params, body: jsonBody(StackHistoryInput) },
    responses: { 200: json(StackHistoryAnswer, "What was written down; nothing of it is work"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const history = c.req.valid("json");
    const stack = await findStack(c.var.db, id);
    if (stack === undefined || stack.deletedAt !== null)
      throw new ApiError("not_found", `there is no stack '${id}'; declare it first`);
    await storePastEvents(c.var.db, id, history);
    const { attempts } = granted(await stackObject(c.env, id).recall(id, history, c.var.actor.name));
    return c.json({ attempts, same: history.attempts.length - attempts.length }, 200);
  },
);

historyApi.openapi(
  createRoute({
    method: "post",
    path: "/feed-sources/{id}/history",
    middleware: [scope("admin")] as const,
    request: { params, body: jsonBody(SourceHistoryInput) },
    responses: { 200: json(SourceHistoryAnswer, "Known from here on, so no news"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const { entries } = c.req.valid("json");
    if ((await findSource(c.var.db, id)) === undefined)
      throw new ApiError("not_found", `there is no source '${id}'; declare it first`);
    const made = await storeTold(c.var.db, id, entries, WEBHOOK_ONLY);
    return c.json({ new: made, same: entries.length - made }, 200);
  },
);
