/**
 * What a poll needs from outside: storage, network, clock and dice.
 *
 * @module
 */
import type { Outbound } from "../platform/outbound-fetch.ts";
import { readSettings } from "../platform/settings.ts";

export type PollContext = {
  env: Pick<Env, "DB" | "PATCH_STACK">;
  outbound: Outbound;
  /** Milliseconds since the epoch. */
  now: () => number;
  random: () => number;
};

/** The deployment's own. */
export function pollContext(env: Env, ownHosts: readonly string[] = []): PollContext {
  return {
    env,
    outbound: { allowLocal: readSettings(env).allowLocal, ownHosts },
    now: () => Date.now(),
    random: () => Math.random(),
  };
}
