/**
 * Faults on demand: `/-/control` of the Git server, only where it was asked for.
 *
 * `POST {"mode":"normal"|"fresh"|"error"|"unavailable"|"hang_up"|"html"}` says how every later request is answered;
 * `GET` says how many there were.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";

export const ServerMode = z.enum([
  "normal",
  /** Feeds are sent whole every time, as by a server without validators. */
  "fresh",
  /** 500 */
  "error",
  /** 503 with Retry-After */
  "unavailable",
  /** The connection is closed without an answer, as of a host that is down. */
  "hang_up",
  /** 200 with a page for people, as a bot wall answers. */
  "html",
]);
export type ServerMode = z.infer<typeof ServerMode>;

export const ControlState = z.strictObject({
  mode: ServerMode,
  requests: z.strictObject({ feed: z.int(), git: z.int(), other: z.int() }),
});
export type ControlState = z.infer<typeof ControlState>;

export type Control = {
  /** Counts the request; true when it has been answered here. */
  answers(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
};

const CONTROL_PATH = "/-/control";

/** `open` false: requests are never interfered with and the path does not exist. */
export function startControl(open: boolean): Control {
  const state: ControlState = { mode: "normal", requests: { feed: 0, git: 0, other: 0 } };
  return {
    async answers(path, request, response) {
      if (!open) return false;
      if (path === CONTROL_PATH) {
        if (request.method === "POST") {
          const wanted = ControlState.pick({ mode: true }).safeParse(JSON.parse(await text(request)));
          if (!wanted.success) {
            response.writeHead(400).end(z.prettifyError(wanted.error));
            return true;
          }
          state.mode = wanted.data.mode;
        }
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(state));
        return true;
      }
      const kind = path.endsWith("/releases.atom")
        ? "feed"
        : /\/(?:info\/refs|git-(?:upload|receive)-pack)$/.test(path)
          ? "git"
          : "other";
      state.requests[kind] += 1;
      return interfere(state.mode, request, response);
    },
  };
}

function interfere(mode: ServerMode, request: IncomingMessage, response: ServerResponse): boolean {
  switch (mode) {
    case "normal":
      return false;
    case "fresh":
      delete request.headers["if-none-match"];
      return false;
    case "error":
      response.writeHead(500, { "content-type": "text/plain" }).end("internal error\n");
      return true;
    case "unavailable":
      response.writeHead(503, { "content-type": "text/plain", "retry-after": "1" }).end("try again later\n");
      return true;
    case "hang_up":
      request.socket.destroy();
      return true;
    case "html":
      response
        .writeHead(200, { "content-type": "text/html; charset=utf-8" })
        .end("<!doctype html><html lang=en><title>One moment</title><p>Checking that you are a person.</html>\n");
      return true;
  }
}
