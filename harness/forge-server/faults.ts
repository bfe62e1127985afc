/**
 * What a forge does wrong, or rightly refuses, when a test says so.
 *
 * @module
 */

export type Fault =
  /** An answer of this status, with these headers, before anything is done. */
  | { kind: "status"; status: number; body?: unknown; headers?: Record<string, string> }
  /** The work is done, and the answer never comes. */
  | { kind: "done_unanswered" };

export class Faults {
  readonly #rules: { match: RegExp; fault: Fault; left: number }[] = [];

  /** Every request whose `METHOD /path` matches meets the fault, `times` times. */
  add(match: RegExp, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ match, fault, left: times });
  }

  clear(): void {
    this.#rules.length = 0;
  }

  meet(method: string, path: string): Fault | undefined {
    const rule = this.#rules.find(({ match, left }) => left > 0 && match.test(`${method} ${path}`));
    if (rule === undefined) return undefined;
    rule.left -= 1;
    return rule.fault;
  }
}

/** GitHub's primary limit: `x-ratelimit-remaining: 0` and when it resets. */
export function rateLimited(resetAt: number): Fault {
  return {
    kind: "status",
    status: 403,
    headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(resetAt / 1000)) },
    body: { message: "API rate limit exceeded for installation" },
  };
}

/** GitHub's secondary limit: no reset, a Retry-After at best. */
export function secondaryLimited(retryAfterSeconds?: number): Fault {
  return {
    kind: "status",
    status: 403,
    ...(retryAfterSeconds === undefined ? {} : { headers: { "retry-after": String(retryAfterSeconds) } }),
    body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again." },
  };
}
