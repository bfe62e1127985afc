/**
 * The one way out: every request that the edge makes on somebody's word goes through here.
 *
 * One deadline over all hops and the body, a cap on what the body decodes to (a gzip bomb is small on
 * the wire), redirects followed by hand so that each hop is judged like the first.
 *
 * @module
 */
import { fail, ok, type Result } from "./result.ts";
import { checkUrl, type UrlPolicy } from "./url-policy.ts";

/** Milliseconds for everything: connect, redirects, body. */
export const FETCH_TIMEOUT_MS = 15_000;

/** Largest body, bytes after decoding. */
export const FETCH_MAX_BYTES = 4 * 1024 * 1024;

export const FETCH_MAX_REDIRECTS = 3;

/** Headers that a redirect to another origin keeps; of any other nobody has said that it is no secret. */
const TOLD_TO_ALL: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "git-protocol",
  "if-modified-since",
  "if-none-match",
  "user-agent",
]);

const USER_AGENT = "patch.moi (+https://patch.moi)";

export type OutboundRequest = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  timeoutMs?: number;
  maxBytes?: number;
  /** Give an answer of any status but a redirect, with its headers and body: APIs say there what is wrong. */
  anyStatus?: boolean;
};

/** Where requests may go, and what carries them; `fetch` is the platform's unless given. */
export type Outbound = UrlPolicy & { fetch?: (url: string, init: RequestInit) => Promise<Response> };

export type OutboundResponse = {
  /** 2xx or 304; any other with `anyStatus`. */
  status: number;
  /** Address of the last hop. */
  url: string;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
  /** Where the server says this address has gone for good. */
  movedTo?: string;
};

export type OutboundFailure = {
  code:
    | "bad_url"
    | "forbidden_address"
    | "timeout"
    | "too_large"
    | "redirect_loop"
    | "bad_redirect"
    | "network"
    | "too_many_subrequests"
    | "http_status";
  message: string;
  status?: number;
  /** From Retry-After, seconds from now. */
  retryAfterSeconds?: number;
};

/** Fetches an address within the limits; statuses other than 2xx and 304 are failures unless asked for. */
export async function outboundFetch(
  address: string,
  request: OutboundRequest,
  outbound: Outbound,
): Promise<Result<OutboundResponse, OutboundFailure>> {
  const timeoutMs = request.timeoutMs ?? FETCH_TIMEOUT_MS;
  const signal = AbortSignal.timeout(timeoutMs);
  const carry = outbound.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
  let next = address;
  let movedTo: string | undefined;
  let permanent = true;
  try {
    for (let hop = 0; hop <= FETCH_MAX_REDIRECTS; hop++) {
      const checked = checkUrl(next, outbound);
      if (!checked.ok) return hop === 0 ? checked : fail({ ...checked.failure, message: redirected(next, checked) });
      const url = checked.value;
      url.hash = "";
      const response = await carry(url.href, init(request, signal, sameOrigin(url, address)));
      if (!isRedirect(response.status)) return await finish(response, url.href, movedTo, request);
      await response.body?.cancel();
      const target = redirectTarget(response, url, request);
      if (!target.ok) return target;
      next = target.value;
      permanent &&= response.status === 301 || response.status === 308;
      if (permanent) movedTo = next;
    }
    return fail({ code: "redirect_loop", message: `more than ${FETCH_MAX_REDIRECTS} redirects, the last to ${next}` });
  } catch (error) {
    if (signal.aborted) return fail({ code: "timeout", message: `no whole answer within ${timeoutMs / 1000} s` });
    // The platform's word for it; nothing was asked, so it says nothing of the server.
    // https://developers.cloudflare.com/workers/platform/limits/#subrequests
    if (/too many subrequests/i.test(causes(error)))
      return fail({ code: "too_many_subrequests", message: "more was to be asked than one invocation may ask" });
    return fail({ code: "network", message: `the server could not be reached: ${causes(error)}` });
  }
}

function init(request: OutboundRequest, signal: AbortSignal, own: boolean): RequestInit {
  const all = new Headers({ "user-agent": USER_AGENT, ...request.headers });
  // What was meant for one origin is not told to the next.
  const headers = own ? all : new Headers([...all].filter(([name]) => TOLD_TO_ALL.has(name)));
  return {
    method: request.method ?? "GET",
    headers,
    redirect: "manual",
    signal,
    ...(request.body === undefined ? {} : { body: request.body }),
  };
}

async function finish(
  response: Response,
  url: string,
  movedTo: string | undefined,
  request: OutboundRequest,
): Promise<Result<OutboundResponse, OutboundFailure>> {
  if (!response.ok && response.status !== 304 && request.anyStatus !== true) {
    await response.body?.cancel();
    const retryAfterSeconds = retryAfter(response.headers.get("retry-after"), Date.now());
    return fail({
      code: "http_status",
      status: response.status,
      message: `the server answered ${response.status}${response.statusText === "" ? "" : ` ${response.statusText}`}`,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
  const maxBytes = request.maxBytes ?? FETCH_MAX_BYTES;
  const body = await readCapped(response, maxBytes);
  if (body === undefined)
    return fail({ code: "too_large", message: `the answer is larger than ${Math.floor(maxBytes / 1024)} KiB` });
  return ok({
    status: response.status,
    url,
    headers: response.headers,
    body,
    ...(movedTo === undefined ? {} : { movedTo }),
  });
}

/** Reads a body up to a limit; undefined when there is more, and the rest is never asked for. */
async function readCapped(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function redirectTarget(response: Response, url: URL, request: OutboundRequest): Result<string, OutboundFailure> {
  const location = response.headers.get("location");
  if (location === null || !URL.canParse(location, url.href))
    return fail({ code: "bad_redirect", message: `${url.href} redirects to nowhere` });
  const target = new URL(location, url.href);
  if ((request.method ?? "GET") === "GET") return ok(target.href);
  // RFC 9110 section 15.4: these may turn a POST into a GET, which is never what was asked here.
  if (response.status < 307)
    return fail({ code: "bad_redirect", message: `${url.href} answers a ${request.method} with ${response.status}` });
  // What is sent (a job, a notification) is for the one it was addressed to.
  if (target.origin !== url.origin)
    return fail({
      code: "bad_redirect",
      message: `${url.origin} sends a ${request.method} on to ${target.origin}, which is not given what was for the first`,
    });
  return ok(target.href);
}

function redirected(next: string, refusal: { failure: { message: string } }): string {
  return `the server redirects to ${next}: ${refusal.failure.message}`;
}

function sameOrigin(url: URL, first: string): boolean {
  return url.origin === new URL(first).origin;
}

/** Seconds from a Retry-After header (RFC 9110 section 10.2.3), either form; never more than a day. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const seconds = /^[0-9]{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(86_400, Math.max(0, Math.ceil(seconds))) : undefined;
}

function causes(error: unknown): string {
  const messages: string[] = [];
  for (let e: unknown = error; e instanceof Error && messages.length < 4; e = e.cause) messages.push(e.message);
  return messages.join(": ") || String(error);
}
