/**
 * A server on loopback that answers as a test says, and checks every signature as the edge does.
 *
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyWebhook } from "../../../worker/contract/standard-webhooks.ts";

export type Seen = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: string;
  /** Parsed body, where it is JSON. */
  json: unknown;
};

/** `drop`: the connection is cut without an answer. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> } | "drop";

export type LoopbackEdge = {
  url: URL;
  seen: Seen[];
  close: () => Promise<void>;
  [Symbol.asyncDispose]: () => Promise<void>;
};

/** Answers 401 for what is not signed with one of `secrets`; otherwise what `reply` says. */
export async function loopbackEdge(options: {
  secrets: readonly string[];
  now?: () => number;
  reply: (seen: Seen, index: number) => Reply | Promise<Reply>;
}): Promise<LoopbackEdge> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => void answer());
    const answer = async () => {
      const body = Buffer.concat(chunks);
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers))
        if (typeof value === "string") headers.set(name, value);
      const url = new URL(request.url ?? "/", "http://loopback");
      const wrong = await verifyWebhook(options.secrets, headers, body, (options.now ?? Date.now)());
      if (wrong !== undefined) {
        response.writeHead(401).end(JSON.stringify({ error: { code: "unauthorized", message: wrong } }));
        return;
      }
      const one = {
        method: request.method ?? "",
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: body.toString("utf8"),
        json: parse(body.toString("utf8")),
      };
      seen.push(one);
      const reply = await options.reply(one, seen.length - 1);
      if (reply === "drop") {
        request.socket.destroy();
        return;
      }
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      response.end(reply.body === undefined ? "" : JSON.stringify(reply.body));
    };
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: new URL(`http://127.0.0.1:${port}/`), seen, close, [Symbol.asyncDispose]: close };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
