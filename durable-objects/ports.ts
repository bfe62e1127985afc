/**
 * What keeping a stack needs of the platform. The object gives the real things, the simulation its own.
 *
 * @module
 */
import type { EffectFailure } from "../worker/notify/effects.ts";
import type { Result } from "../worker/platform/result.ts";
import type { Database } from "../worker/store/database.ts";
import type { OutboxRow } from "../worker/store/rows.ts";
import type { LocalRecord } from "./local-record.ts";

export type Ports = {
  db: Database;
  local: LocalRecord;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** From 0 to 1; spreads waits between tries of an effect. */
  random: () => number;
  alarm: { set: (at: number) => Promise<void>; clear: () => Promise<void> };
  /** Lets work go on after the answer. */
  background: (work: Promise<unknown>) => void;
  perform: (effect: OutboxRow) => Promise<Result<void, EffectFailure>>;
  /** Tells this live instance from any other. */
  instance: string;
};
