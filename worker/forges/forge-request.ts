/**
 * One request to a forge's API, and what its refusals mean.
 *
 * @module
 */
import { z } from "zod";
import { type Outbound, type OutboundFailure, outboundFetch, retryAfter } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { Forged, ForgeFailure } from "./forge.ts";
import { rateLimit, spentUntil } from "./rate-limit.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type ForgeAnswer = { status: number; headers: Headers; text: string };

export type Ask = {
  method?: Method;
  /** Below the API's address; its parts are encoded already. */
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
};

/** Where a forge's API is, and who asks. */
export type Caller = {
  apiUrl: string;
  /** Name of the forge in sentences: its host. */
  host: string;
  outbound: Outbound;
  /** Told until when the forge takes no more requests of the one who asks, ISO 8601. */
  limited?: ((until: string) => Promise<void>) | undefined;
  /** Headers that say who asks. Asked for anew each time: installation tokens end. */
  authorization: (ask: Ask) => Forged<Record<string, string>>;
};

/** Asks and parses; refusals become {@link ForgeFailure}. */
export async function askForge<S extends z.ZodType>(caller: Caller, ask: Ask, answer: S): Forged<z.output<S>> {
  const given = await askRaw(caller, ask);
  return given.ok ? parseAnswer(caller, ask, given.value, answer) : given;
}

/** Asks where 404 is an answer too: undefined. */
export async function askMaybe<S extends z.ZodType>(
  caller: Caller,
  ask: Ask,
  answer: S,
): Forged<z.output<S> | undefined> {
  const given = await askForge(caller, ask, answer);
  return !given.ok && given.failure.code === "not_found" ? ok(undefined) : given;
}

/** Asks, and wants no answer but that it was done. */
export async function tellForge(caller: Caller, ask: Ask): Forged<void> {
  const given = await askRaw(caller, ask);
  return given.ok ? ok(undefined) : given;
}

/** Half of the checks must not pass for all of them. */
export function tooMany(host: string, most: number): Result<never, ForgeFailure> {
  return fail({
    code: "refused",
    message: `${host} lists more than ${most} checks of one commit; name those that count in policy.checks.required`,
  });
}

/** Asks for every page of a list, `pages` at most. */
export async function askPages<S extends z.ZodType>(
  caller: Caller,
  ask: Ask,
  item: S,
  { pages, size }: { pages: number; size: number },
): Forged<z.output<S>[]> {
  const all: z.output<S>[] = [];
  for (let page = 1; page <= pages; page++) {
    const given = await askForge(caller, { ...ask, query: { ...ask.query, page } }, z.array(item));
    if (!given.ok) return given;
    all.push(...given.value);
    if (given.value.length < size) break;
  }
  return ok(all);
}

async function askRaw(caller: Caller, ask: Ask): Forged<ForgeAnswer> {
  const authorization = await caller.authorization(ask);
  if (!authorization.ok) return authorization;
  return send(caller, ask, authorization.value);
}

/** The request itself, with the headers given. */
export async function send(
  caller: Pick<Caller, "apiUrl" | "host" | "outbound" | "limited">,
  ask: Ask,
  headers: Readonly<Record<string, string>>,
): Forged<ForgeAnswer> {
  const url = new URL(`${caller.apiUrl}${ask.path}`);
  for (const [name, value] of Object.entries(ask.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, String(value));
  const body = ask.body === undefined ? undefined : Uint8Array.from(new TextEncoder().encode(JSON.stringify(ask.body)));
  const sent = await outboundFetch(
    url.href,
    {
      method: ask.method ?? "GET",
      anyStatus: true,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
        ...ask.headers,
      },
      ...(body === undefined ? {} : { body }),
    },
    caller.outbound,
  );
  if (!sent.ok) return fail(notAnswered(caller.host, sent.failure));
  const answer = {
    status: sent.value.status,
    headers: sent.value.headers,
    text: new TextDecoder().decode(sent.value.body),
  };
  const now = Date.now();
  if (answer.status >= 200 && answer.status < 300) {
    const until = spentUntil(answer.headers, now);
    if (until !== undefined) await caller.limited?.(until);
    return ok(answer);
  }
  const failure = refusal(caller.host, ask, answer, now);
  if (failure.code === "rate_limited" && failure.until !== undefined) await caller.limited?.(failure.until);
  return fail(failure);
}

export function parseAnswer<S extends z.ZodType>(
  caller: Pick<Caller, "host">,
  ask: Ask,
  answer: ForgeAnswer,
  schema: S,
): Result<z.output<S>, ForgeFailure> {
  let body: unknown;
  try {
    // 204 has no body.
    body = answer.text === "" ? null : JSON.parse(answer.text);
  } catch {
    return unexpected(caller.host, ask, "the answer is not JSON");
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  return unexpected(caller.host, ask, `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`);
}

function unexpected(host: string, ask: Ask, what: string): Result<never, ForgeFailure> {
  return fail({
    code: "unexpected_answer",
    message: `${host} answered ${ask.method ?? "GET"} ${ask.path} with something unknown (${what}); is fork.forge.apiUrl right?`,
  });
}

function notAnswered(host: string, failure: OutboundFailure): ForgeFailure {
  switch (failure.code) {
    case "bad_redirect":
      return {
        code: "moved",
        message: `${host} says that the repository has moved (${failure.message}); correct fork.url of the stack`,
      };
    case "bad_url":
    case "forbidden_address":
      return { code: "forbidden", message: `${host} may not be asked: ${failure.message}` };
    default:
      return { code: "unavailable", message: `${host} did not answer: ${failure.message}` };
  }
}

/** What a status means; `now` in milliseconds. */
function refusal(host: string, ask: Ask, answer: ForgeAnswer, now: number): ForgeFailure {
  const { status, headers, text } = answer;
  const what = `${ask.method ?? "GET"} ${ask.path}`;
  const said = words(text);
  const limit = rateLimit(status, headers, text, now);
  if (limit !== undefined)
    return {
      code: "rate_limited",
      status,
      ...limit,
      message: `${host} limits how often it may be asked, until ${limit.until}`,
    };
  if (/\barchived\b/i.test(said) && (status === 403 || status === 422 || status === 423))
    return {
      code: "archived",
      status,
      message: `the repository on ${host} is archived and takes no changes; unarchive it, or pause the stack`,
    };
  if (status === 401)
    return {
      code: "unauthorized",
      status,
      message: `${host} does not take the credential (${said}); it may have expired or been revoked: add a new one`,
    };
  if (status === 403) return { code: "forbidden", status, message: `${host} does not allow ${what}: ${said}` };
  if (status === 404 || status === 410)
    return {
      code: "not_found",
      status,
      message: `${host} knows no ${what}, or the credential may not see it: ${said}`,
    };
  if (status >= 500) {
    const after = retryAfter(headers.get("retry-after"), now);
    return {
      code: "unavailable",
      status,
      message: `${host} answered ${status}`,
      ...(after === undefined ? {} : { until: new Date(now + after * 1000).toISOString() }),
    };
  }
  return { code: "refused", status, message: `${host} refused ${what} with ${status}: ${said}` };
}

/** Longest sentence of a forge that is repeated, characters. */
const MAX_SAID = 300;

/** What the forge says of its refusal: `message` of its JSON, or the beginning of its text. */
function words(text: string): string {
  let said = text;
  try {
    const body = JSON.parse(text) as unknown;
    if (typeof body === "object" && body !== null) {
      const { message, error, errors } = body as Record<string, unknown>;
      said = [message, error, errors]
        .filter((part) => part !== undefined)
        .map((part) => (typeof part === "string" ? part : JSON.stringify(part)))
        .join(" ");
    }
  } catch {
    // Not JSON: an error page of something in between.
    said = text.replaceAll(/<[^>]*>/g, " ");
  }
  // Line breaks and control characters of a stranger have no place in a sentence of ours.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const line = said.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").trim();
  return line === "" ? "it does not say why" : line.slice(0, MAX_SAID);
}
