/**
 * Servers that asked for a pause (429 or 503 with Retry-After, RFC 9110 section 10.2.3): the pause is
 * the host's, not the one source's that happened to hear of it.
 *
 * @module
 */

export class HostHolds {
  readonly #until = new Map<string, number>();

  /** Notes what a host asked for; milliseconds since the epoch. */
  hold(address: string, until: number): void {
    const origin = originOf(address);
    if (origin !== undefined) this.#until.set(origin, Math.max(until, this.#until.get(origin) ?? 0));
  }

  /** Whether the host of an address asked to be left alone. */
  holds(address: string): boolean {
    const origin = originOf(address);
    return origin !== undefined && this.#until.has(origin);
  }

  /** Origins that asked for a pause, and until when, ISO 8601. */
  list(): { origin: string; until: string }[] {
    return [...this.#until].map(([origin, until]) => ({ origin, until: new Date(until).toISOString() }));
  }
}

function originOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).origin : undefined;
}
