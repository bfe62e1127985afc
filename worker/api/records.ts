/**
 * `/records`: the whole record as lines, out and in. What `patch.moi export` and `import` use.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import {
  MovedParams,
  MovedQuery,
  RECORD_VERSION,
  RecordKind,
  RecordPage,
  RecordsAnswer,
  RecordsInput,
} from "../contract/record.ts";
import { log } from "../platform/log.ts";
import type { Database } from "../store/database.ts";
import { countImport, openImport } from "../store/imports.ts";
import { importRecords } from "../store/record-import.ts";
import { FIRST, type RecordPosition, readMoved, readRecords } from "../store/record-pages.ts";
import { unfinishedRestoration } from "../store/restorations.ts";
import { findStack } from "../store/stacks.ts";
import { ApiError, json, jsonBody, refusals, router, scope } from "./http.ts";
import { stackObject } from "./object.ts";

export const recordsApi = router();

recordsApi.openapi(
  createRoute({
    method: "get",
    path: "/records",
    middleware: [scope("admin")] as const,
    request: { query: z.object({ cursor: z.string().max(64).optional() }) },
    responses: { 200: json(RecordPage, "A page of the record, oldest rows of each kind first"), ...refusals },
  }),
  async (c) => {
    const from = positionOf(c.req.valid("query").cursor);
    await refuseUnfinished(c.var.db);
    const { lines, next } = await readRecords(c.var.db, from);
    const more = next === undefined ? {} : { nextCursor: `${next.kind}:${next.after}` };
    return c.json({ v: RECORD_VERSION, records: lines, ...more } as const, 200);
  },
);

recordsApi.openapi(
  createRoute({
    method: "get",
    path: "/records/stacks/{id}",
    middleware: [scope("admin")] as const,
    request: { params: MovedParams, query: MovedQuery },
    responses: { 200: json(RecordPage, "What happened in the stack since, as of one moment"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const { afterSeq } = c.req.valid("query");
    if ((await findStack(c.var.db, id)) === undefined) throw new ApiError("not_found", `there is no stack '${id}'`);
    const { lines, more } = await readMoved(c.var.db, id, afterSeq);
    const last = lines.findLast(({ kind }) => kind === "journal")?.record.seq;
    const next = more ? { nextCursor: String(last) } : {};
    return c.json({ v: RECORD_VERSION, records: lines, ...next } as const, 200);
  },
);

recordsApi.openapi(
  createRoute({
    method: "post",
    path: "/records",
    middleware: [scope("admin")] as const,
    request: { body: jsonBody(RecordsInput) },
    responses: { 200: json(RecordsAnswer, "What was new, what was there already, and what was refused"), ...refusals },
  }),
  async (c) => {
    const { records, import: id } = c.req.valid("json");
    const { db, actor } = c.var;
    const begun = await openImport(db, id, actor.name);
    if (begun === undefined)
      throw new ApiError("not_found", `there is no import '${id}' that this token began and did not end`);
    const now = new Date().toISOString();
    const { finished, ...answer } = await importRecords(db, records, { id, file: begun.file, now });
    const { new: made, same, refused } = answer;
    await countImport(db, id, { made, same, refused: refused.length, now });
    // An object that was asked something meanwhile remembers a stack that had nothing.
    await Promise.all(finished.map((id) => stackObject(c.env, id).reload(id)));
    log("info", "records.imported", {
      actor: actor.name,
      import: id,
      new: made,
      same,
      refused: refused.length,
      stacks: finished,
    });
    return c.json(answer, 200);
  },
);

function positionOf(cursor: string | undefined): RecordPosition {
  if (cursor === undefined) return FIRST;
  const [, kind, after] = /^([a-z_]+):([0-9]{1,15})$/.exec(cursor) ?? [];
  const known = RecordKind.safeParse(kind);
  if (!known.success || after === undefined)
    throw new ApiError("invalid_request", "cursor: use a nextCursor as it was given");
  return { kind: known.data, after: Number(after) };
}

/** Half a stack is not what anybody wants to keep. */
async function refuseUnfinished(db: Database): Promise<void> {
  const unfinished = await unfinishedRestoration(db);
  if (unfinished === undefined) return;
  const { kind, id, since } = unfinished;
  throw new ApiError(
    "conflict",
    `the import of ${kind} '${id}' that began at ${since} is not finished: import the same file again, then export`,
  );
}
