/**
 * The one way out to HTTP: a time limit, a cap on the answer's size, no redirects followed.
 *
 * Redirects are not followed because every request carries a token or a signature, and neither may
 * wander to another host.
 *
 * @module
 */
import { describeError } from "./command-failure.ts";

/** Largest answer read, bytes: a list of 500 reports fits many times over. */
const MAX_ANSWER = 64 * 1024 * 1024;

export type HttpRequest = {
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: URL;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
};

export type HttpAnswer = { status: number; headers: Headers; text: string };

/** `aborted`: the caller's own signal; everything else is the network's doing. */
export type HttpFault = { reason: "aborted" | "timeout" | "network" | "too_large"; message: string };

export type HttpExchange = { ok: true; answer: HttpAnswer } | { ok: false; fault: HttpFault };

export async function exchange(request: HttpRequest): Promise<HttpExchange> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      redirect: "manual",
      signal,
    });
    const text = await readText(response);
    if (text === undefined)
      return { ok: false, fault: { reason: "too_large", message: `the answer is larger than ${MAX_ANSWER} bytes` } };
    return { ok: true, answer: { status: response.status, headers: response.headers, text } };
  } catch (error) {
    if (request.signal?.aborted === true) return { ok: false, fault: { reason: "aborted", message: "stopped" } };
    if (timeout.aborted)
      return { ok: false, fault: { reason: "timeout", message: `no answer in ${request.timeoutMs / 1000} s` } };
    return { ok: false, fault: { reason: "network", message: describeError(error) } };
  }
}

async function readText(response: Response): Promise<string | undefined> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The JSON of an answer, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
