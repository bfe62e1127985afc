/**
 * `/interventions`: everything a person must look at, oldest first, with what to do.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Intervention } from "../contract/intervention.ts";
import type { Database } from "../store/database.ts";
import { findEffect, listWaiting, type WaitingRow } from "../store/interventions.ts";
import type { OutboxRow } from "../store/rows.ts";
import { ApiError, type AppEnv, json, ListQuery, refusals, router, scope } from "./http.ts";
import { granted, stackObject } from "./object.ts";

/** A source is a person's to look at after this long without a good poll, milliseconds. */
const FAILING_FOR = 86_400_000;

export const interventionsApi = router();

interventionsApi.openapi(
  createRoute({
    method: "get",
    path: "/interventions",
    middleware: [scope("read")] as const,
    request: { query: ListQuery.extend({ cursor: z.string().max(2000).optional() }) },
    responses: {
      200: json(
        z.object({ interventions: z.array(Intervention), nextCursor: z.string().optional() }),
        "What waits for a person, oldest first",
      ),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid("query");
    return c.json(await interventionsPage(c.var.db, limit, cursor), 200);
  },
);

interventionsApi.openapi(
  createRoute({
    method: "post",
    path: "/interventions/{id}/redrive",
    middleware: [scope("operate")] as const,
    request: { params: z.object({ id: z.string().min(1).max(300) }) },
    responses: { 202: json(z.object({ intervention: Intervention }), "The effect is tried again"), ...refusals },
  }),
  async (c) => {
    return c.json({ intervention: await redrive(c, c.req.valid("param").id) }, 202);
  },
);

/** What waits for a person, oldest first, and where the next page begins. */
export async function interventionsPage(
  db: Database,
  limit: number,
  cursor: string | undefined,
): Promise<{ interventions: Intervention[]; nextCursor?: string }> {
  const after = decode(cursor);
  const before = new Date(Date.now() - FAILING_FOR).toISOString();
  const all = (await listWaiting(db, before, limit + 1, after)).map(view);
  const interventions = all.slice(0, limit);
  return all.length > limit ? { interventions, nextCursor: encode(after, interventions) } : { interventions };
}

/** Has a dead letter sent again: by the API or the console. */
export async function redrive(c: Context<AppEnv>, id: string): Promise<Intervention> {
  if (!id.startsWith("effect:"))
    throw new ApiError("conflict", "only a dead letter is sent again; resume, retry or dismiss an attempt instead");
  const effect = await findEffect(c.var.db, id.slice("effect:".length));
  if (effect === undefined) throw new ApiError("not_found", `there is no dead letter '${id}'`);
  if (effect.status !== "dead") throw new ApiError("conflict", `it is not dead but ${effect.status}`);
  granted(
    await stackObject(c.env, effect.stackId).redrive(effect.stackId, effect.id, effect.attemptId, c.var.actor.name),
  );
  return ofEffect(effect);
}

function view(row: WaitingRow): Intervention {
  switch (row.kind) {
    case "attempt":
      return ofAttempt(row);
    case "effect":
      return ofEffect({ ...row, kind: row.effectKind, createdAt: row.since, lastError: row.because });
    case "source":
      return ofSource(row);
  }
}

function ofAttempt(row: Extract<WaitingRow, { kind: "attempt" }>): Intervention {
  const resolve = row.because?.code.startsWith("checks_")
    ? `resume ${row.id} with a note: it lands in spite of its checks`
    : `resume ${row.id} with a note, and a resolvedRef when a branch holds the resolution`;
  return {
    id: `attempt:${row.id}`,
    kind: "attempt",
    since: row.since,
    stackId: row.stackId,
    attemptId: row.id,
    reason: row.because ?? { code: "needs_intervention", message: "a person must decide" },
    whatToDo: [resolve, `dismiss ${row.id} with a note`, `retry the event ${row.eventId}`],
  };
}

type DeadEffect = Pick<OutboxRow, "id" | "createdAt" | "stackId" | "attemptId" | "lastError" | "tries"> & {
  kind: string;
};

function ofEffect(row: DeadEffect): Intervention {
  return {
    id: `effect:${row.id}`,
    kind: "dead_letter",
    since: row.createdAt,
    stackId: row.stackId,
    ...(row.attemptId === null ? {} : { attemptId: row.attemptId }),
    reason: { code: "effect_dead", message: `${row.kind}: ${row.lastError ?? "given up"} (${row.tries} tries)` },
    whatToDo: [`mend what the message names, then POST /interventions/effect:${row.id}/redrive`],
  };
}

function ofSource(row: Extract<WaitingRow, { kind: "source" }>): Intervention {
  const { code, message } = row.because ?? { code: "failing", message: "no good poll for a day" };
  return {
    id: `source:${row.id}`,
    kind: "source_failing",
    since: row.since,
    sourceId: row.id,
    reason: { code, message },
    whatToDo: [`look at ${row.url} with a preview`, `change or disable the source '${row.id}'`],
  };
}

const Place = z.strictObject({ since: z.string(), id: z.string() });

/** Each of the three lists goes on after the last of its own that was shown. */
const Cursor = z.strictObject({ attempt: Place.optional(), effect: Place.optional(), source: Place.optional() });
type Cursor = z.infer<typeof Cursor>;

function encode(before: Cursor, shown: readonly Intervention[]): string {
  const next: Cursor = { ...before };
  for (const { id, since } of shown) {
    const colon = id.indexOf(":");
    next[id.slice(0, colon) as keyof Cursor] = { since, id: id.slice(colon + 1) };
  }
  return btoa(encodeURIComponent(JSON.stringify(next)));
}

function decode(cursor: string | undefined): Cursor {
  if (cursor === undefined) return {};
  try {
    return Cursor.parse(JSON.parse(decodeURIComponent(atob(cursor))));
  } catch {
    throw new ApiError("invalid_request", "cursor: use a nextCursor as it was given");
  }
}
