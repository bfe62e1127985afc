/**
 * What changes, as it happens: server-sent events from a stack's object, and its runner's log.
 *
 * @module
 */
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { answerLog } from "../api/attempt-log.ts";
import { ApiError, type AppEnv } from "../api/http.ts";
import { stackObject } from "../api/object.ts";
import { Name } from "../contract/primitives.ts";
import { findStack } from "../store/stacks.ts";

/** A stream ends after this long, and the browser comes again with its session: milliseconds. */
const LONGEST = 5 * 60_000;

export const liveEvents = new Hono<AppEnv>();

liveEvents.get("/stacks/:id/events", async (c) => {
  const id = Name.safeParse(c.req.param("id"));
  if (!id.success || (await findStack(c.var.db, id.data)) === undefined)
    throw new ApiError("not_found", `there is no stack '${c.req.param("id")}'`);
  const object = stackObject(c.env, id.data);
  const until = Date.now() + LONGEST;
  return streamSSE(c, async (stream) => {
    let seen = await object.watch("");
    // What changed between the page and this is seen at once.
    await stream.writeSSE({ event: "change", data: "" });
    while (!stream.aborted && Date.now() < until) {
      const mark = await object.watch(seen);
      await stream.writeSSE({ event: mark === seen ? "still" : "change", data: "" });
      seen = mark;
    }
  });
});

liveEvents.get("/attempts/:id/log", (c) => answerLog(c, c.req.param("id"), undefined));
