/**
 * Rate limits by the platform's binding, where a deployment has it bound.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 *
 * How many a minute stands in `wrangler.toml`, with the binding. Counts are those of one Cloudflare location, and
 * approximate.
 *
 * @module
 */
import { log } from "./log.ts";

/** What is counted: signing in by address, requests by token, what is asked of a source by source. */
export type RateLimitName = "SIGN_IN_LIMIT" | "TOKEN_LIMIT" | "SOURCE_LIMIT";

/** Period of the bindings in `wrangler.toml`, seconds: who waits this long is let through. */
export const RATE_PERIOD_SECONDS = 60;

/**
 * Counts one more of `key`; true when that is too many. Without the binding nothing is too many, and a limiter that
 * does not answer must not shut the door.
 */
export async function tooMany(env: object, name: RateLimitName, key: string): Promise<boolean> {
  const limiter = (env as Partial<Record<RateLimitName, RateLimit>>)[name];
  if (limiter === undefined) return false;
  try {
    return !(await limiter.limit({ key })).success;
  } catch (error) {
    log("error", "ratelimit.fault", { limit: name, error: String(error) });
    return false;
  }
}
