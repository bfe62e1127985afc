/**
 * Whoever tails the account's Worker: workerd hands each invocation's trace to this Worker, as it does to a tail
 * Worker anywhere, and it goes on to every open WebSocket, as `wrangler tail` reads it.
 *
 * @module
 */
import type { V4WorkerOptions } from "miniflare";

export const TAIL_WORKER = "account-tails";

/** Workers of the account name it among their `tails`. @param port where WebSockets are taken */
export function tailWorker(port: number): V4WorkerOptions {
  return {
    name: TAIL_WORKER,
    compatibilityDate: "2026-10-01",
    modules: true,
    script: SCRIPT,
    durableObjects: { READERS: { className: "Readers", useSQLite: true } },
    unsafeEphemeralDurableObjects: true,
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
  };
}

const SCRIPT = `
import { DurableObject } from "cloudflare:workers";

export class Readers extends DurableObject {
  fetch(request) {
    if (request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 426 });
    const [theirs, ours] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(ours);
    return new Response(null, { status: 101, webSocket: theirs, headers: { "sec-websocket-protocol": "trace-v1" } });
  }
  webSocketMessage() {}
  tell(traces) {
    for (const reader of this.ctx.getWebSockets()) for (const trace of traces) reader.send(trace);
  }
}

export default {
  fetch: (request, env) => env.READERS.getByName("all").fetch(request),
  tail: (traces, env) => env.READERS.getByName("all").tell(traces.map((trace) => JSON.stringify(trace))),
};
`;
