/**
 * `/imports`: who brought an export in, from what, and what became of it. Its lines go to `POST /records`.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { GivenUp, ImportFilter, ImportId, ImportInput, ImportList, RecordImport } from "../contract/record-import.ts";
import { log } from "../platform/log.ts";
import { beginImport, endImport, findImport, type ImportRow, listImports } from "../store/imports.ts";
import { giveUp } from "../store/restorations.ts";
import { ApiError, decodeCursor, json, jsonBody, ListQuery, page, refusals, router, scope } from "./http.ts";
import { stackObject } from "./object.ts";

export const importsApi = router();

importsApi.openapi(
  createRoute({
    method: "get",
    path: "/imports",
    middleware: [scope("read")] as const,
    request: { query: ListQuery.extend(ImportFilter) },
    responses: { 200: json(ImportList, "Imports, newest first"), ...refusals },
  }),
  async (c) => {
    const { limit, cursor, stackId } = c.req.valid("query");
    const found = await listImports(c.var.db, { stackId, limit, before: decodeCursor(cursor) });
    const { rows, ...more } = page(found, limit);
    return c.json({ imports: rows.map(importView), ...more }, 200);
  },
);

importsApi.openapi(
  createRoute({
    method: "post",
    path: "/imports",
    middleware: [scope("admin")] as const,
    request: { body: jsonBody(ImportInput) },
    responses: { 201: json(RecordImport, "It is written down; its lines may come"), ...refusals },
  }),
  async (c) => {
    const { file } = c.req.valid("json");
    const id = `imp_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
    const begun = await beginImport(c.var.db, { id, actor: c.var.actor.name, file, now: new Date().toISOString() });
    return c.json(importView(own(begun, id)), 201);
  },
);

importsApi.openapi(
  createRoute({
    method: "post",
    path: "/imports/{id}/end",
    middleware: [scope("admin")] as const,
    request: { params: z.object({ id: ImportId }) },
    responses: { 200: json(RecordImport, "What became of its lines"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const ended = await endImport(c.var.db, id, c.var.actor.name, new Date().toISOString());
    return c.json(importView(own(ended, id)), 200);
  },
);

importsApi.openapi(
  createRoute({
    method: "post",
    path: "/imports/{id}/give-up",
    middleware: [scope("admin")] as const,
    request: { params: z.object({ id: ImportId }) },
    responses: { 200: json(GivenUp, "What it began and did not finish, taken away"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const found = await findImport(c.var.db, id);
    if (found === undefined) throw new ApiError("not_found", `there is no import '${id}'`);
    const { removed, more } = await giveUp(c.var.db, found.file.sha256);
    const named = (kind: "stack" | "source") => removed.filter((one) => one.kind === kind).map((one) => one.id);
    const taken = { stacks: named("stack"), sources: named("source") };
    // An object that was asked something meanwhile remembers a stack that is not there.
    await Promise.all(taken.stacks.map((stack) => stackObject(c.env, stack).reload(stack)));
    log("warn", "records.withdrawn", { actor: c.var.actor.name, import: id, ...taken });
    return c.json({ ...taken, more }, 200);
  },
);

function own(row: ImportRow | undefined, id: string): ImportRow {
  if (row === undefined) throw new ApiError("not_found", `there is no import '${id}' that this token began`);
  return row;
}

export function importView({
  id,
  actor,
  file,
  made,
  same,
  refused,
  begunAt,
  lastAt,
  endedAt,
}: ImportRow): RecordImport {
  return { id, actor, file, new: made, same, refused, begunAt, lastAt, ...(endedAt === null ? {} : { endedAt }) };
}
