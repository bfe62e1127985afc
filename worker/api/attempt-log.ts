/**
 * `/maintenance-attempts/:id/log`: the runner's log as text, by range, or followed live as
 * server-sent events.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { isTerminal } from "../contract/attempt.ts";
import { MAX_LOG_BYTES } from "../contract/primitives.ts";
import { findAttempt } from "../store/attempts.ts";
import { ApiError, type AppEnv, refusals, router, scope } from "./http.ts";
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
  if (c.req.header("accept")?.includes("text/event-stream")) {
    return streamSSE(c, async (stream) => {
      let from = Number(c.req.header("last-event-id") ?? "0") || 0;
      const text = new TextDecoder();
      while (!stream.aborted) {
        const attempt = await findAttempt(c.var.db, id);
        const slice = await object.readLog(id, from, FOLLOW_SLICE, epoch);
        if (slice !== undefined && slice.bytes.length > 0) {
          from = slice.from + slice.bytes.length;
          await stream.writeSSE({ id: String(from), event: "log", data: text.decode(slice.bytes, { stream: true }) });
          continue;
        }
        if (attempt === undefined || isTerminal(attempt.status) || attempt.status === "needs_intervention") {
          await stream.writeSSE({ event: "end", data: attempt?.status ?? "gone" });
          return;
        }
        await stream.sleep(FOLLOW_EVERY);
      }
    });
  }
  const range = parseRange(c.req.header("range"));
  const slice = await object.readLog(id, range?.from ?? 0, range?.length ?? MAX_LOG_BYTES * 2, epoch);
  if (slice === undefined) return c.text("", 200);
  c.header("Accept-Ranges", "bytes");
  c.header("X-Log-Epoch", String(slice.epoch));
  if (slice.omitted > 0) c.header("X-Log-Omitted", String(slice.omitted));
  c.header("Content-Type", "text/plain; charset=utf-8");
  // Upstream's own output: never to be taken for a page.
  c.header("X-Content-Type-Options", "nosniff");
  if (range === undefined) return c.body(slice.bytes, 200);
  if (slice.bytes.length === 0) throw new ApiError("log_gap", `the log has ${slice.total} bytes`);
  c.header("Content-Range", `bytes ${slice.from}-${slice.from + slice.bytes.length - 1}/${slice.total}`);
  return c.body(slice.bytes, 206);
}

/** One range of bytes from a start on (RFC 9110 section 14.2); anything else is ignored, as it may be. */
function parseRange(header: string | undefined): { from: number; length: number } | undefined {
  const match = /^bytes=([0-9]{1,12})-([0-9]{0,12})$/.exec(header ?? "");
  if (match?.[1] === undefined) return undefined;
  const from = Number(match[1]);
  const length = match[2] === undefined || match[2] === "" ? MAX_LOG_BYTES * 2 : Number(match[2]) - from + 1;
  return length > 0 ? { from, length } : undefined;
}
