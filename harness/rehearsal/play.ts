/**
 * Plays the steps in order and says of each what was expected and what was seen.
 *
 * @module
 */
import { Facts, type StepResult } from "./facts.ts";
import type { Stage } from "./stage.ts";
import { STEPS, type Story } from "./steps.ts";

export type Rehearsal = { steps: StepResult[]; ok: boolean };

export type PlayOptions = {
  /** Runs after each step but the last; its number counts from 1. */
  between?: (number: number) => Promise<void>;
};

/** A step that cannot go on ends the rehearsal: the later ones stand on it and are shown as not played. */
export async function play(stage: Stage, options: PlayOptions = {}): Promise<Rehearsal> {
  const steps: StepResult[] = [];
  const story: Partial<Story> = {};
  let broken = false;
  for (const [index, step] of STEPS.entries()) {
    const facts = new Facts();
    const begin = performance.now();
    if (broken) facts.note("played", true, false);
    else {
      stage.narrator.title(step.name);
      try {
        await step.play(stage, facts, story);
        if (index < STEPS.length - 1) await options.between?.(index + 1);
      } catch (error) {
        broken = true;
        facts.note("played to its end", true, error instanceof Error ? error.message : String(error));
      }
    }
    for (const what of facts.differences())
      stage.narrator.say(
        "DIFFERENT",
        `${what}: ${JSON.stringify(facts.expected[what])} | ${JSON.stringify(facts.seen[what])}`,
      );
    const seconds = Number(((performance.now() - begin) / 1000).toFixed(2));
    steps.push({ name: step.name, expected: facts.expected, seen: facts.seen, ok: facts.ok, seconds });
  }
  return { steps, ok: steps.every((step) => step.ok) };
}

/**
 * Plays some of the steps, numbered from 1, where a test has more to tell than the rehearsal.
 *
 * @throws with the differences of the first step that did not come out as expected
 */
export async function playSteps(stage: Stage, story: Partial<Story>, ...numbers: number[]): Promise<void> {
  for (const number of numbers) {
    const step = STEPS[number - 1];
    if (step === undefined) throw new Error(`there is no step ${number}`);
    const facts = new Facts();
    await step.play(stage, facts, story);
    const differences = facts.differences();
    if (differences.length > 0) throw new Error(`${step.name}: ${JSON.stringify(differences, null, 2)}`);
  }
}
