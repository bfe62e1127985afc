/**
 * What keeping a stack needs of the platform. The object gives the real things, the simulation its own.
 *
 * @module
 */
import type { Dispatching } from "../worker/dispatch/hand-over.ts";
import type { Performed, PlainEffect } from "../worker/effects/perform.ts";
import type { Measurement } from "../worker/platform/measurement.ts";
import type { ChecksAnswer } from "../worker/review/check-verdict.ts";
import type { Database } from "../worker/store/database.ts";
import type { AttemptRow } from "../worker/store/rows.ts";
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
  /** The way to execution surfaces. */
  dispatching: Dispatching;
  /** Reads what the forge's checks say of the candidate that a landing waits to land. */
  checks: (landing: AttemptRow) => Promise<ChecksAnswer>;
  perform: (effect: PlainEffect) => Promise<Performed>;
  /** Takes note of a fact for statistics; may do nothing. */
  measure: (fact: Measurement) => void;
  /** Tells this live instance from any other. */
  instance: string;
};
