/**
 * A workspace backend over HTTP: what is posted is signed over its bytes.
 *
 * @module
 */
import { toHex } from "../../auth/digest.ts";
import type { Outbound } from "../../platform/outbound-fetch.ts";
import { outboundFetch, retryAfter } from "../../platform/outbound-fetch.ts";
import { ok, type Result } from "../../platform/result.ts";
import {
  baseOf,
  CALL_TIMEOUT_MS,
  failed,
  MAX_ANSWER,
  type Workspace,
  type WorkspaceCall,
  type WorkspaceFailure,
  words,
} from "./wire.ts";

export function httpWorkspace(url: string, secret: string, outbound: Outbound): Workspace {
  const base = baseOf(url);
  return async (call) => {
    const { path, body } = requestOf(call);
    if (path === undefined)
      return failed("refused", "unsupported", `a workspace over HTTP has no '${call.method}'; use workspace-ws`);
    const bytes = body === undefined ? undefined : Uint8Array.from(new TextEncoder().encode(JSON.stringify(body)));
    const answer = await outboundFetch(
      base + path,
      {
        method: bytes === undefined ? "GET" : "POST",
        headers: { accept: "application/json", ...(bytes === undefined ? {} : await signed(secret, bytes)) },
        ...(bytes === undefined ? {} : { body: bytes }),
        timeoutMs: CALL_TIMEOUT_MS,
        maxBytes: MAX_ANSWER,
        anyStatus: true,
      },
      outbound,
    );
    if (!answer.ok) {
      const { code, message } = answer.failure;
      const never = code === "bad_url" || code === "forbidden_address" || code === "bad_redirect";
      return failed(never ? "refused" : "unclear", code, `the workspace: ${message}`);
    }
    const { status, headers } = answer.value;
    const text = new TextDecoder().decode(answer.value.body);
    return status >= 200 && status < 300 ? json(text) : refusal(status, headers, text);
  };
}

function requestOf(call: WorkspaceCall): { path?: string; body?: unknown } {
  switch (call.method) {
    case "dispatch":
      return { path: "/events", body: call.event };
    case "replay":
      return { path: `/events/${encodeURIComponent(call.eventId)}/replay`, body: { wait: false } };
    case "listRuns":
      return { path: call.eventId === undefined ? "/runs" : `/runs?eventId=${encodeURIComponent(call.eventId)}` };
    case "getRun":
      return { path: `/runs/${encodeURIComponent(call.runId)}` };
    case "listEvents":
      return { path: "/events" };
    case "getEvent":
      return { path: `/events/${encodeURIComponent(call.eventId)}` };
    case "cancelRun":
      return {};
  }
}

async function signed(secret: string, bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, string>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
  return { "content-type": "application/json", "x-flow-signature-256": `sha256=${toHex(mac)}` };
}

function json(text: string): Result<unknown, WorkspaceFailure> {
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    return failed("unclear", "bad_answer", `the workspace's answer is not JSON: ${words(text)}`);
  }
}

function refusal(status: number, headers: Headers, text: string): Result<never, WorkspaceFailure> {
  const message = `the workspace answered ${status}${text.trim() === "" ? "" : `: ${words(text)}`}`;
  const after = retryAfter(headers.get("retry-after"), Date.now());
  if (status === 429 || (status === 503 && after !== undefined)) return failed("later", "rate_limited", message, after);
  if (status === 404) return failed("not_found", "not_found", message);
  // It may have failed after it had taken the work.
  if (status >= 500 || status === 408) return failed("unclear", "surface_error", message, after);
  return failed("refused", status === 401 || status === 403 ? "surface_unauthorized" : "surface_refused", message);
}
