/**
 * What goes wrong in one run, and how often: each kind of fault is absent, rare or frequent, as the
 * seed says. They end at a time; from then on the world is kind, and everything must settle.
 *
 * @module
 */
import type { Dice } from "./dice.ts";

export const FAULTS = [
  "storageSlow",
  "storageRefuses",
  "storageForgetsToAnswer",
  "storageDown",
  "objectEvicted",
  "objectTwice",
  "invocationEnded",
  "alarmLost",
  "alarmTwice",
  "cronSkipped",
  "cronTwice",
  "requestLost",
  "requestTwice",
  "requestDelayed",
  "answerLost",
  "runnerKilled",
  "runnerPaused",
  "runnerTwice",
  "effectFails",
  "surfaceSilent",
  "surfaceLimited",
  "surfaceRefuses",
  "runLost",
] as const;

export type Fault = (typeof FAULTS)[number];

const LEVELS = [0, 0, 0.01, 0.04, 0.15] as const;

/** Faults of whole requests and processes are rarer than those of single statements: each costs hours. */
const RARER: Partial<Record<Fault, number>> = { objectTwice: 0.3, storageDown: 0.1, objectEvicted: 0.5 };

export class Faults {
  private readonly dice: Dice;
  private readonly odds = new Map<Fault, number>();
  private state: "waiting" | "raging" | "over" = "waiting";

  constructor(dice: Dice) {
    this.dice = dice;
    for (const fault of FAULTS) this.odds.set(fault, (dice.pick(LEVELS) ?? 0) * (RARER[fault] ?? 1));
  }

  /** Whether it happens now. */
  strikes(fault: Fault): boolean {
    return this.state === "raging" && this.dice.chance(this.odds.get(fault) ?? 0);
  }

  get over(): boolean {
    return this.state === "over";
  }

  begin(): void {
    this.state = "raging";
  }

  /** No fault from here on. */
  end(): void {
    this.state = "over";
  }

  describe(): string {
    return FAULTS.filter((fault) => (this.odds.get(fault) ?? 0) > 0)
      .map((fault) => `${fault} ${((this.odds.get(fault) ?? 0) * 100).toFixed(1)} %`)
      .join(", ");
  }
}
