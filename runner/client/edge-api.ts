/**
 * The admin API as the command line uses it: one request, its answer parsed once, refusals thrown as
 * {@link CommandFailure} with the server's own code.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { z } from "@hono/zod-openapi";
import { ErrorBody } from "../../worker/contract/error.ts";
import { CommandFailure, interrupted } from "./command-failure.ts";
import { exchange, parseJson } from "./http.ts";

const TIMEOUT_MS = 60_000;

export type Query = Record<string, string | number | undefined>;

export type ApiRequest<S extends z.ZodType> = {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Segments of the path; each is encoded, so ids may hold anything. */
  path: readonly string[];
  query?: Query;
  body?: unknown;
  /** What the answer is parsed as. */
  answer: S;
  /** Gives the request up; it may have been done all the same. */
  signal?: AbortSignal | undefined;
};

/** The answer as it came (for `--json`) and as it was understood. */
export type ApiAnswer<T> = { raw: unknown; value: T; status: number };

export class EdgeApi {
  readonly #server: URL;
  readonly #token: string;

  constructor(server: URL, token: string) {
    this.#server = server;
    this.#token = token;
  }

  get server(): URL {
    return this.#server;
  }

  async request<S extends z.ZodType>(request: ApiRequest<S>): Promise<ApiAnswer<z.output<S>>> {
    const method = request.method ?? "GET";
    const url = new URL(request.path.map(encodeURIComponent).join("/"), this.#server);
    for (const [name, value] of Object.entries(request.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}`, accept: "application/json" };
    if (method === "POST") headers["idempotency-key"] = randomUUID();
    const body = request.body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(request.body));
    if (body !== undefined) headers["content-type"] = "application/json";
    const sent = await exchange({ method, url, headers, body, timeoutMs: TIMEOUT_MS, signal: request.signal });
    if (!sent.ok && sent.fault.reason === "aborted") throw interrupted();
    if (!sent.ok)
      throw new CommandFailure(
        "unreachable",
        `cannot reach ${this.#server.origin} (${sent.fault.message}); is the server running, and is --server right?`,
      );
    const { status, text } = sent.answer;
    const raw = text === "" ? {} : parseJson(text);
    if (status < 200 || status > 299) throw refusal(status, raw, this.#server);
    const parsed = request.answer.safeParse(raw);
    if (!parsed.success)
      throw new CommandFailure(
        "unexpected_answer",
        `${method} ${url.pathname} answered ${status} with something this version does not know ` +
          `(${firstIssue(parsed.error)}); is ${this.#server.origin} a patch.moi server of this version?`,
      );
    return { raw, value: parsed.data, status };
  }
}

function refusal(status: number, raw: unknown, server: URL): CommandFailure {
  const parsed = ErrorBody.safeParse(raw);
  if (!parsed.success)
    return new CommandFailure(
      `http_${status}`,
      `${server.origin} answered ${status} without saying why; is it a patch.moi server?`,
    );
  const { code, message } = parsed.data.error;
  const next = code === "not_found" ? whereToLook(message) : NEXT_STEP[code];
  return new CommandFailure(code, next === undefined ? message : `${message} (${next})`);
}

/** What to do next, for refusals whose message cannot know how the command line is used. */
const NEXT_STEP: Readonly<Record<string, string | undefined>> = {
  unauthorized: "check PATCH_MOI_TOKEN or --token",
  forbidden: "use a token with the scope that this needs: patch.moi tokens list",
  not_configured: "configure an admin token on the server first",
  overloaded: "try again in a moment",
  storage_unavailable: "try again in a moment",
};

/** Which list has what was asked for; the server's message names the kind of thing. */
function whereToLook(message: string): string | undefined {
  const kind = /^there is no (event|attempt|stack|candidate|runner|token|credential) '/.exec(message)?.[1];
  return kind === undefined ? undefined : `patch.moi ${kind}s lists them`;
}

/** `path: message` of the first thing a schema found wrong. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "not what was expected";
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join(".")}: ${issue.message}`;
}
