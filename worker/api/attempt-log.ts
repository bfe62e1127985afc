/**
 * `/maintenance-attempts/:id/log`: the runner's log as text, by range, or followed live as
 * server-sent events.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { LogSlice } from "../../durable-objects/attempt-log.ts";
import type { PatchStack } from "../../durable-objects/patch-stack.ts";
import { isTerminal } from "../contract/attempt.ts";
import { MAX_LOG_BYTES } from "../contract/primitives.ts";
import { findAttempt } from "../store/attempts.ts";
import { type AppEnv, errorBody, refusals, router, scope } from "./http.ts";
import { readAttempt } from "./maintenance-attempts.ts";
import { stackObject } from "./object.ts";

/** Bytes read from the object at a time while following. */
const FOLLOW_SLICE = 256 * 1024;

/** Between two looks at a log that is followed, milliseconds. */
const FOLLOW_EVERY = 500;

export const attemptLogApi = router();

attemptLogApi.openapi(
  createRoute({
    method: "get",
    path: "/maintenance-attempts/{id}/log",
    middleware: [scope("read")] as const,
    request: {
      params: z.object({ id: z.string().min(1).max(128) }),
      query: z.object({ epoch: z.coerce.number().int().min(1).optional() }),
    },
    responses: {
      200: {
        content: { "text/plain": { schema: z.string() }, "text/event-stream": { schema: z.string() } },
        description: "The log of the newest hand-out, or of the epoch asked for",
      },
      206: { content: { "text/plain": { schema: z.string() } }, description: "The range asked for" },
      ...refusals,
    },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const { epoch } = c.req.valid("query");
    return answerLog(c, id, epoch);
  },
);

/** The log as text, by range, or followed as server-sent events: for the API and the console. */
export async function answerLog(c: Context<AppEnv>, id: string, epoch: number | undefined) {
  const { stackId } = await readAttempt(c.var.db, id);
  const object = stackObject(c.env, stackId);
  if (c.req.header("accept")?.includes("text/event-stream")) return follow(c, id, object, epoch);
  const range = parseRange(c.req.header("range"));
  const slice = range === undefined ? await readAll(object, id, epoch) : await readRange(object, id, epoch, range);
  if (slice === undefined) return c.text("", 200);
  c.header("Accept-Ranges", "bytes");
  c.header("X-Log-Epoch", String(slice.epoch));
  if (slice.omitted > 0) c.header("X-Log-Omitted", String(slice.omitted));
  c.header("Content-Type", "text/plain; charset=utf-8");
  // Ranges count these bytes, and none that somebody on the way made of them.
  c.header("Cache-Control", "no-transform");
  // Upstream's own output: never to be taken for a page.
  c.header("X-Content-Type-Options", "nosniff");
  if (range === undefined) return c.body(slice.bytes, 200);
  if (slice.bytes.length === 0) {
    c.header("Content-Range", `bytes */${slice.total}`);
    return c.json(errorBody("log_gap", `the log has ${slice.total} bytes`), 416);
  }
  c.header("Content-Range", `bytes ${slice.from}-${slice.from + slice.bytes.length - 1}/${slice.total}`);
  return c.body(slice.bytes, 206);
}

type Log = Pick<DurableObjectStub<PatchStack>, "readLog">;

/** The log as it grows, and that of the next hand-out when there is one. An event's id says where to go on. */
function follow(c: Context<AppEnv>, id: string, object: Log, epoch: number | undefined): Response {
  return streamSSE(c, async (stream) => {
    let at = parsePlace(c.req.header("last-event-id"));
    // A mark at the beginning is text of the log too.
    const text = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
    while (!stream.aborted) {
      const attempt = await findAttempt(c.var.db, id);
      const slice = await object.readLog(id, at.from, FOLLOW_SLICE, epoch);
      if (slice !== undefined && at.epoch !== undefined && slice.epoch !== at.epoch) {
        at = { epoch: slice.epoch, from: 0 };
        continue;
      }
      const isOver =
        attempt === undefined ||
        isTerminal(attempt.status) ||
        attempt.status === "needs_intervention" ||
        (epoch !== undefined && epoch < attempt.epoch);
      const bytes = slice?.bytes ?? new Uint8Array();
      // Whoever goes on from an event's id must not begin within a character.
      const length = isOver && bytes.length < 4 ? bytes.length : wholeCharacters(bytes);
      if (slice !== undefined && length > 0) {
        at = { epoch: slice.epoch, from: slice.from + length };
        const data = text.decode(bytes.subarray(0, length));
        await stream.writeSSE({ id: `${at.epoch}:${at.from}`, event: "log", data });
        continue;
      }
      if (isOver) {
        await stream.writeSSE({ event: "end", data: attempt?.status ?? "gone" });
        return;
      }
      await stream.sleep(FOLLOW_EVERY);
    }
  });
}

/** Bytes up to the end of the last character that is whole, or is none. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needs > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

type Place = { epoch?: number; from: number };

/** What an event's id says; the beginning for anything else. */
function parsePlace(eventId: string | undefined): Place {
  const match = /^([0-9]{1,9}):([0-9]{1,12})$/.exec(eventId ?? "");
  return match === null ? { from: 0 } : { epoch: Number(match[1]), from: Number(match[2]) };
}

/** Head and tail together, with how much between them was left out. */
async function readAll(object: Log, id: string, epoch: number | undefined) {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let omitted = 0;
  let end = 0;
  let newest: LogSlice | undefined;
  for (;;) {
    const slice = await object.readLog(id, end, MAX_LOG_BYTES * 2, newest?.epoch ?? epoch);
    if (slice === undefined) return undefined;
    newest = slice;
    if (slice.bytes.length === 0) break;
    omitted += slice.from - end;
    end = slice.from + slice.bytes.length;
    parts.push(slice.bytes);
  }
  return { ...newest, from: 0, bytes: new Uint8Array(await new Blob(parts).arrayBuffer()), omitted };
}

async function readRange(object: Log, id: string, epoch: number | undefined, { from, length }: Range) {
  const slice = await object.readLog(id, from, length, epoch);
  return slice === undefined ? undefined : { ...slice, omitted: 0 };
}

type Range = { from: number; length: number };

/** One range of bytes (RFC 9110 section 14.2), a negative start from the end; anything else is ignored, as it may be. */
function parseRange(header: string | undefined): Range | undefined {
  const match = /^bytes=([0-9]{0,12})-([0-9]{0,12})$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (first === "") return Number(last) > 0 ? { from: -Number(last), length: Number(last) } : undefined;
  const from = Number(first);
  const length = last === "" ? MAX_LOG_BYTES * 2 : Number(last) - from + 1;
  return length > 0 ? { from, length } : undefined;
}
