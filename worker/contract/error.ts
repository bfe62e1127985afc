/**
 * What every refusal looks like on the wire, and which HTTP status each code has.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** Every code the edge answers with, and its HTTP status. One place, so that clients can rely on it. */
export const ERROR_STATUS = {
  invalid_request: 400,
  unauthorized: 401,
  not_configured: 503,
  forbidden: 403,
  quota_exceeded: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  id_reused: 409,
  fenced: 409,
  closed: 409,
  already_claimed: 409,
  not_retryable: 409,
  not_resumable: 409,
  not_cancellable: 409,
  not_dismissable: 409,
  not_landable: 409,
  not_promotable: 409,
  in_use: 409,
  gone: 410,
  payload_too_large: 413,
  unsupported_media_type: 415,
  log_gap: 416,
  unprocessable: 422,
  feed_unusable: 422,
  overloaded: 429,
  rate_limited: 429,
  internal: 500,
  surface_unusable: 502,
  storage_unavailable: 503,
  unreadable_declaration: 503,
  issuer_unavailable: 503,
} as const;

/** A code of {@link ERROR_STATUS}. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** `{"error":{"code","message","details?"}}`. */
export const ErrorBody = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      details: z.unknown().optional(),
    }),
  })
  .openapi("Error");
export type ErrorBody = z.infer<typeof ErrorBody>;
