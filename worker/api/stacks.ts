/**
 * `/stacks`: declare, read, pause, delete.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { StackDeclaration } from "../contract/configuration.ts";
import { Name } from "../contract/primitives.ts";
import { Stack } from "../contract/stack.ts";
import type { Database } from "../store/database.ts";
import { findStack, hasStack, listStacks } from "../store/stacks.ts";
import { apart, unreadablePart } from "./apart.ts";
import {
  ApiError,
  type AppEnv,
  declaredAs,
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
import { withinQuota } from "./quota.ts";
import { stackView } from "./record-views.ts";

const params = z.object({ id: Name });
const StackAnswer = z.object({ stack: Stack });

export const stacksApi = router();

stacksApi.openapi(
  createRoute({
    method: "get",
    path: "/stacks",
    middleware: [scope("read")] as const,
    request: { query: ListQuery },
    responses: {
      200: json(
        z.object({ stacks: z.array(Stack), ...unreadablePart, nextCursor: z.string().optional() }),
        "Stacks, newest first",
      ),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const { rows, ...more } = page(await listStacks(c.var.db, limit, decodeCursor(cursor)), limit);
    const { views, beside } = apart(rows, stackView);
    return c.json({ stacks: views, ...beside, ...more }, 200);
  },
);

stacksApi.openapi(
  createRoute({
    method: "get",
    path: "/stacks/{id}",
    middleware: [scope("read")] as const,
    request: { params },
    responses: { 200: json(StackAnswer, "The stack"), ...refusals },
  }),
  async (c) => c.json({ stack: await readStack(c.var.db, c.req.valid("param").id) }, 200),
);

stacksApi.openapi(
  createRoute({
    method: "put",
    path: "/stacks/{id}",
    middleware: [scope("admin")] as const,
    request: { params, body: jsonBody(StackDeclaration) },
    responses: { 200: json(StackAnswer, "Changed"), 201: json(StackAnswer, "Declared"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const config = declaredAs(id, c.req.valid("json"));
    if (!(await hasStack(c.var.db, id))) await withinQuota(c.var, "stacks");
    const object = stackObject(c.env, id);
    const { created } = granted(await object.configure(id, config, c.var.actor.name));
    return c.json({ stack: await readStack(c.var.db, id) }, created ? 201 : 200);
  },
);

stacksApi.openapi(
  createRoute({
    method: "delete",
    path: "/stacks/{id}",
    middleware: [scope("admin")] as const,
    request: { params },
    responses: { 204: { description: "Deleted; its records stay" }, ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    await readStack(c.var.db, id);
    granted(await stackObject(c.env, id).administer(id, "delete", c.var.actor.name));
    return c.body(null, 204);
  },
);

for (const action of ["pause", "unpause"] as const) {
  stacksApi.openapi(
    createRoute({
      method: "post",
      path: `/stacks/{id}/${action}`,
      middleware: [scope("operate")] as const,
      request: { params },
      responses: { 200: json(StackAnswer, action === "pause" ? "Paused" : "Working again"), ...refusals },
    }),
    async (c) => {
      return c.json({ stack: await setPaused(c, c.req.valid("param").id, action) }, 200);
    },
  );
}

/** Pauses a stack or lets it work again: by the API or the console. */
export async function setPaused(c: Context<AppEnv>, id: string, action: "pause" | "unpause"): Promise<Stack> {
  await readStack(c.var.db, id);
  granted(await stackObject(c.env, id).administer(id, action, c.var.actor.name));
  return readStack(c.var.db, id);
}

async function readStack(db: Database, id: string): Promise<Stack> {
  const row = await findStack(db, id);
  if (row === undefined || row.deletedAt !== null) throw new ApiError("not_found", `there is no stack '${id}'`);
  return stackView(row);
}
