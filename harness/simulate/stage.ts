/**
 * What every part of one run shares.
 *
 * @module
 */
import type { SimulatedD1 } from "./d1.ts";
import type { Dice } from "./dice.ts";
import type { Faults } from "./faults.ts";
import type { Timeline } from "./timeline.ts";
import type { Trace } from "./trace.ts";
import type { Watch } from "./watch.ts";

export type Stage = {
  timeline: Timeline;
  dice: Dice;
  faults: Faults;
  trace: Trace;
  d1: SimulatedD1;
  /** Checks the invariants. */
  watch: Watch;
};
