/**
 * `/workspace-events` and `/workspace-runs`: what a workspace backend itself says, as it says it.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Name } from "../contract/primitives.ts";
import { surfaceOf } from "../contract/surface.ts";
import { driverContext } from "../dispatch/dispatching.ts";
import { openWorkspace, type WorkspaceSurface } from "../dispatch/workspace/open.ts";
import { ask, EventAnswer, EventList, RunAnswer, RunList, type WorkspaceCall } from "../dispatch/workspace/wire.ts";
import { findStack } from "../store/stacks.ts";
import { ApiError, type AppEnv, json, refusals, router, scope } from "./http.ts";

/** Whose backend is asked; without it, the deployment's own. */
const Which = z.object({ stackId: Name.optional() });
const params = z.object({ id: z.string().min(1).max(1400) });
const Record = z.looseObject({});

export const workspaceApi = router();

workspaceApi.openapi(
  createRoute({
    method: "get",
    path: "/workspace-events",
    middleware: [scope("read")] as const,
    request: { query: Which },
    responses: { 200: json(z.object({ events: z.array(Record) }), "The backend's events, in its order"), ...refusals },
  }),
  async (c) =>
    c.json({ events: await said(c, c.req.valid("query").stackId, { method: "listEvents" }, EventList) }, 200),
);

workspaceApi.openapi(
  createRoute({
    method: "get",
    path: "/workspace-events/{id}",
    middleware: [scope("read")] as const,
    request: { params, query: Which },
    responses: { 200: json(z.object({ event: Record }), "One of its events"), ...refusals },
  }),
  async (c) => {
    const call = { method: "getEvent", eventId: c.req.valid("param").id } as const;
    return c.json({ event: await said(c, c.req.valid("query").stackId, call, EventAnswer) }, 200);
  },
);

workspaceApi.openapi(
  createRoute({
    method: "get",
    path: "/workspace-runs",
    middleware: [scope("read")] as const,
    request: { query: Which.extend({ eventId: z.string().max(1400).optional() }) },
    responses: { 200: json(z.object({ runs: z.array(Record) }), "The backend's runs, in its order"), ...refusals },
  }),
  async (c) => {
    const { stackId, eventId } = c.req.valid("query");
    return c.json({ runs: await said(c, stackId, { method: "listRuns", eventId }, RunList) }, 200);
  },
);

workspaceApi.openapi(
  createRoute({
    method: "get",
    path: "/workspace-runs/{id}",
    middleware: [scope("read")] as const,
    request: { params, query: Which },
    responses: { 200: json(z.object({ run: Record }), "One of its runs"), ...refusals },
  }),
  async (c) => {
    const call = { method: "getRun", runId: c.req.valid("param").id } as const;
    return c.json({ run: await said(c, c.req.valid("query").stackId, call, RunAnswer) }, 200);
  },
);

async function said<S extends z.ZodType>(
  c: Context<AppEnv>,
  stackId: string | undefined,
  call: WorkspaceCall,
  schema: S,
): Promise<z.output<S>> {
  const context = driverContext(c.var.db, c.env);
  const surface = stackId === undefined ? ofDeployment(context.settings.workspaceUrl) : await ofStack(c, stackId);
  const opened = await openWorkspace(surface, context);
  if (!opened.ok) throw new ApiError("conflict", opened.failure.message);
  const answer = await ask(opened.value.call, call, schema);
  if (answer.ok) return answer.value;
  const { kind, reason } = answer.failure;
  throw new ApiError(kind === "not_found" ? "not_found" : "surface_unusable", reason.message);
}

function ofDeployment(url: string | undefined): WorkspaceSurface {
  if (url === undefined)
    throw new ApiError("invalid_request", "stackId: say whose workspace backend; this deployment has none of its own");
  return { driver: url.startsWith("ws") ? "workspace-ws" : "workspace-http" };
}

async function ofStack(c: Context<AppEnv>, stackId: string): Promise<WorkspaceSurface> {
  const stack = await findStack(c.var.db, stackId);
  if (stack === undefined) throw new ApiError("not_found", `there is no stack '${stackId}'`);
  const surface = surfaceOf(stack.config.policy);
  if (surface.driver === "workspace-http" || surface.driver === "workspace-ws") return surface;
  throw new ApiError("conflict", `the work of '${stackId}' is done by '${surface.driver}', which is no workspace`);
}
