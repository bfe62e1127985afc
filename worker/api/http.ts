/**
 * What every route shares: the environment, errors, scopes, paging.
 *
 * @module
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiDocument } from "../contract/api-document.ts";
import { ERROR_STATUS, ErrorBody, type ErrorCode } from "../contract/error.ts";
import type { TokenScope } from "../contract/identity.ts";
import { describeIssues } from "../contract/issue-words.ts";
import { LIST_LIMIT } from "../contract/primitives.ts";
import { RATE_PERIOD_SECONDS, type RateLimitName, tooMany } from "../platform/rate-limit.ts";
import type { Settings } from "../platform/settings.ts";
import type { Database } from "../store/database.ts";

/** Who asks: the name of the token, and what it may. */
export type Actor = { name: string; scopes: readonly TokenScope[] };

export type AppEnv = {
  Bindings: Env;
  Variables: {
    actor: Actor;
    settings: Settings;
    db: Database;
    idempotency?: { key: string; hash: string };
    /** The API document, of a deployment reached at `origin`. */
    apiDocument: (origin: string) => ApiDocument;
    /** Of the console: what the forms of this session carry. */
    formToken?: string;
  };
};

/** A refusal that goes to the client as it is. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly code: ErrorCode;
  readonly details?: unknown;

  constructor(code: ErrorCode, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }

  /** Seconds after which the same request may go through; for those that are refused for now only. */
  get retryAfterSeconds(): number | undefined {
    switch (this.code) {
      case "storage_unavailable":
      case "overloaded":
        return 2;
      case "rate_limited":
        return RATE_PERIOD_SECONDS;
      default:
        return undefined;
    }
  }

  get status(): (typeof ERROR_STATUS)[ErrorCode] {
    return ERROR_STATUS[this.code];
  }
}

/** Counts a request against a limit of this deployment's own; throws `rate_limited` when it is one too many. */
export async function withinRate(c: Context<AppEnv>, name: RateLimitName, key: string, what: string): Promise<void> {
  // Limits belong to an account: another deployment of it counts apart.
  if (await tooMany(c.env, name, `${new URL(c.req.url).hostname} ${key}`))
    throw new ApiError("rate_limited", `${what} came too often; try again in ${RATE_PERIOD_SECONDS} seconds`);
}

/** The wire form of a refusal. */
export function errorBody(code: ErrorCode, message: string, details?: unknown): ErrorBody {
  return { error: details === undefined ? { code, message } : { code, message, details } };
}

/** A router whose failed validations become `invalid_request` with one line per problem. */
export function router(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const problems = describeIssues(result.error);
      throw new ApiError("invalid_request", problems.join("; "), { problems });
    },
  });
}

/** Lets through tokens with the scope; `admin` may everything, `operate` may read. */
export function scope(wanted: TokenScope) {
  return createMiddleware<AppEnv>(async (c, next) => {
    if (!allows(c.var.actor.scopes, wanted))
      throw new ApiError("forbidden", `this needs a token with the scope '${wanted}'`);
    await next();
  });
}

export function allows(scopes: readonly TokenScope[], wanted: TokenScope): boolean {
  if (scopes.includes("admin") || scopes.includes(wanted)) return true;
  return wanted === "read" && scopes.includes("operate");
}

/** `limit` and `cursor` of every list. */
export const ListQuery = z.object({
  limit: z
    .string()
    .default(String(LIST_LIMIT.default))
    .refine(isLimit, `must be a whole number from 1 to ${LIST_LIMIT.max}`)
    .transform(Number)
    .openapi({ type: "integer", minimum: 1, maximum: LIST_LIMIT.max, default: LIST_LIMIT.default }),
  cursor: z.string().max(64).optional(),
});

/** `status` of a list: several with commas, and `started` for all of `working`. */
export function statusFilter<S extends string>(known: z.ZodEnum<Record<S, S>>, working: readonly S[]) {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) =>
      [given]
        .flat()
        .flatMap((text) => text.split(","))
        .flatMap((status) => (status === "started" ? [...working] : [status])),
    )
    .pipe(z.array(known))
    .optional();
}

function isLimit(text: string): boolean {
  return /^[0-9]{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= LIST_LIMIT.max;
}

/** What is declared under the id in the path; a body that has another one is refused. */
export function declaredAs<Body extends { id?: string | undefined }>(id: string, body: Body): Omit<Body, "id"> {
  const { id: named = id, ...config } = body;
  if (named !== id) throw new ApiError("invalid_request", `id: is '${named}', and the path says '${id}'`);
  return config;
}

/** Opaque to clients; inside, the position of the last row given. Throws on anything else. */
export function decodeCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const match = /^p([1-9][0-9]{0,15})$/.exec(cursor);
  if (match?.[1] === undefined) throw new ApiError("invalid_request", "cursor: use a nextCursor as it was given");
  return Number(match[1]);
}

/** Cuts one row too many off a page and says where the next one begins. */
export function page<T extends { position: number }>(rows: T[], limit: number): { rows: T[]; nextCursor?: string } {
  const last = rows[limit - 1];
  return rows.length > limit && last !== undefined
    ? { rows: rows.slice(0, limit), nextCursor: `p${last.position}` }
    : { rows };
}

/** OpenAPI entry of a JSON answer. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { content: { "application/json": { schema } }, description };
}

/** OpenAPI entry of a JSON body that must be there. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { content: { "application/json": { schema } }, required: true } as const;
}

/** OpenAPI entries of the refusals that any route may give. */
export const refusals = {
  400: json(ErrorBody, "The request is malformed"),
  401: json(ErrorBody, "No token, or not one that is known"),
  403: json(ErrorBody, "The token's scopes, or a quota of the deployment, do not allow it"),
  404: json(ErrorBody, "No such record"),
  409: json(ErrorBody, "The record's state does not allow it; the message says what does"),
  429: json(ErrorBody, "Too many requests, or too much waits already; try again after Retry-After seconds"),
  503: json(ErrorBody, "Storage does not answer; try again after Retry-After seconds"),
} as const;
