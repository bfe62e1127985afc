/**
 * The way from runners and operators to the edge: requests are lost, repeated, or arrive days later,
 * and answers get lost. Whoever asks gives up waiting after a while.
 *
 * @module
 */
import type { ErrorCode } from "../../worker/contract/error.ts";
import type { Stage } from "./stage.ts";

export type Refused = { ok: false; code: ErrorCode | "no_answer"; message: string };

const PATIENCE_MS = 30_000;
const DAY = 86_400_000;

/** Asks the edge; what the edge could not say is `no_answer`. */
export function request<T extends { ok: boolean }>(stage: Stage, handler: () => Promise<T>): Promise<T | Refused> {
  const { timeline, dice, faults } = stage;
  return new Promise((resolve) => {
    const silence = (message: string): Refused => ({ ok: false, code: "no_answer", message });
    const arrive = (delay: number, answer: (value: T | Refused) => void) => {
      timeline.after(delay, () => {
        handler().then(answer, (error: unknown) => answer(silence(String(error))));
      });
    };
    const nobody = () => {};
    timeline.after(PATIENCE_MS, () => resolve(silence("timed out")));
    if (faults.strikes("requestLost")) return;
    if (faults.strikes("requestDelayed")) {
      arrive(dice.between(PATIENCE_MS, dice.chance(0.3) ? 2 * DAY : DAY / 8), nobody);
      return;
    }
    if (faults.strikes("requestTwice")) arrive(dice.between(5, dice.chance(0.3) ? DAY : 60_000), nobody);
    const lost = faults.strikes("answerLost");
    arrive(dice.between(5, 80), lost ? nobody : resolve);
  });
}

/** Whether asking again may help. */
export function again(answer: { ok: false; code: ErrorCode | "no_answer" }): boolean {
  return ["no_answer", "storage_unavailable", "overloaded", "internal"].includes(answer.code);
}
