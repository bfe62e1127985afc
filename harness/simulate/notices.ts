/**
 * Where effects go: somebody who is told, sometimes fails, and must only be told what is on record.
 *
 * @module
 */
import { cancelHandOut, type Dispatching } from "../../worker/dispatch/hand-over.ts";
import type { Performed, PlainEffect } from "../../worker/effects/perform.ts";
import { fail, ok } from "../../worker/platform/result.ts";
import type { Caller } from "./d1.ts";
import type { Stage } from "./stage.ts";

/** Performs an effect for an object that may not live to hear of it. */
export async function performEffect(
  stage: Stage,
  caller: Caller,
  effect: PlainEffect,
  dispatching: Dispatching,
): Promise<Performed> {
  const { timeline, dice, faults, trace, watch } = stage;
  if (!caller.alive) return new Promise(() => {});
  if (effect.kind === "dispatch.cancel") {
    const cancelled = await cancelHandOut(dispatching, effect);
    return cancelled.ok ? ok(undefined) : cancelled;
  }
  return new Promise((resolve) => {
    watch.effectLeaves(effect.id);
    timeline.after(dice.between(5, 500), () => {
      const failed = faults.strikes("effectFails");
      if (!failed) watch.effectArrived(effect.id, JSON.stringify(effect.payload));
      trace.line(() => `effect ${effect.id}: ${failed ? "failed" : "arrived"}`);
      if (!caller.alive) return;
      if (!failed) resolve(ok(undefined));
      else resolve(fail({ message: "the other side does not answer", again: dice.chance(0.8) }));
    });
  });
}
