/**
 * A workspace backend over WebSocket: JSON-RPC 2.0, one connection for one call.
 *
 * @module
 */
import { z } from "zod";
import type { Outbound } from "../../platform/outbound-fetch.ts";
import { ok, type Result } from "../../platform/result.ts";
import { checkUrl } from "../../platform/url-policy.ts";
import {
  CALL_TIMEOUT_MS,
  failed,
  MAX_ANSWER,
  type Workspace,
  type WorkspaceCall,
  type WorkspaceFailure,
  words,
} from "./wire.ts";

const CLIENT = { name: "patch.moi", title: "patch.moi", version: "1" };

const Message = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});
const RpcError = z.object({
  code: z.number(),
  message: z.string(),
  data: z
    .looseObject({ retryAfterSeconds: z.number().optional(), status: z.number().optional() })
    .optional()
    .catch(undefined),
});

type Answer = Result<unknown, WorkspaceFailure>;

/** `secret` goes as a bearer token with the upgrade. */
export function webSocketWorkspace(url: string, secret: string | undefined, outbound: Outbound): Workspace {
  return async (call) => {
    const address = url.replace(/^ws/, "http");
    const checked = checkUrl(address, outbound);
    if (!checked.ok) return failed("refused", checked.failure.code, `the workspace: ${checked.failure.message}`);
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const opened = await open(checked.value.href, secret, signal);
    if (!opened.ok) return opened;
    const socket = opened.value;
    try {
      const greeted = await request(
        socket,
        1,
        "workspace.initialize",
        { clientInfo: CLIENT, capabilities: {} },
        signal,
      );
      // Nothing of the work was told yet: whatever is wrong, it was not taken.
      if (!greeted.ok) return greeted.failure.kind === "unclear" ? notYet(greeted.failure) : greeted;
      const { method, params } = rpcOf(call);
      return await request(socket, 2, method, params, signal);
    } finally {
      socket.close(1000, "done");
    }
  };
}

async function open(
  address: string,
  secret: string | undefined,
  signal: AbortSignal,
): Promise<Result<WebSocket, WorkspaceFailure>> {
  const headers = {
    Upgrade: "websocket",
    ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
  };
  try {
    const response = await fetch(address, { headers, redirect: "manual", signal });
    const socket = response.webSocket;
    if (socket === null) {
      const message = `the workspace did not open a WebSocket but answered ${response.status}`;
      await response.body?.cancel();
      if (response.status === 401 || response.status === 403) return failed("refused", "surface_unauthorized", message);
      return failed("later", "surface_error", message);
    }
    socket.accept();
    return ok(socket);
  } catch (error) {
    return failed("later", "network", `the workspace could not be reached: ${String(error)}`);
  }
}

function request(socket: WebSocket, id: number, method: string, params: unknown, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const lost = (why: string) =>
      resolve(failed("unclear", "no_answer", `the workspace gave no answer to ${method}: ${why}`));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      if (data.length > MAX_ANSWER) return lost(`its message is larger than ${MAX_ANSWER / 1024} KiB`);
      const parsed = parse(data);
      if (parsed === undefined) return lost(`it sent what is no JSON-RPC: ${words(data)}`);
      // Notifications, and answers to somebody else's request.
      if (parsed.id === id) resolve(answerOf(method, parsed));
    });
    socket.addEventListener("close", ({ code, reason }) =>
      lost(`it closed (${code}${reason === "" ? "" : `, ${words(reason)}`})`),
    );
    socket.addEventListener("error", () => lost("the connection broke"));
    signal.addEventListener("abort", () => lost(`not within ${CALL_TIMEOUT_MS / 1000} s`));
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  });
}

function parse(text: string): z.infer<typeof Message> | undefined {
  try {
    return Message.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function answerOf(method: string, message: z.infer<typeof Message>): Answer {
  if (message.error === undefined) return ok(message.result);
  const error = RpcError.safeParse(message.error);
  if (!error.success)
    return failed("unclear", "bad_answer", `the workspace's error to ${method} has no code and message`);
  const { code, data } = error.data;
  const said = `the workspace answered ${method} with ${code}: ${words(error.data.message)}`;
  const status = data?.status ?? code;
  if (status === 429) return failed("later", "rate_limited", said, data?.retryAfterSeconds);
  if (status === 404) return failed("not_found", "not_found", said);
  // JSON-RPC 2.0 section 5.1: the request itself is wrong, so it was not acted on.
  if ([-32700, -32600, -32601, -32602].includes(code) || (status >= 400 && status < 500))
    return failed("refused", status === 401 || status === 403 ? "surface_unauthorized" : "surface_refused", said);
  return failed("unclear", "surface_error", said, data?.retryAfterSeconds);
}

function notYet({ reason, afterSeconds }: WorkspaceFailure): Answer {
  return failed("later", reason.code, reason.message, afterSeconds);
}

function rpcOf(call: WorkspaceCall): { method: string; params: unknown } {
  const { method, ...params } = call;
  const wait = method === "replay" ? { wait: false } : {};
  return { method: `flow.${method}`, params: { ...params, ...wait } };
}
