/**
 * Readiness, point by point: each says how it stands and, where something is missing, what to do.
 *
 * @module
 */
import { colors } from "../client/colors.ts";

export type Point = {
  name: string;
  /**
   * `ok`; `done`: this run has just done it; `todo`: not there yet, and `--apply` or the person does it;
   * `problem`: a person has to decide; `unknown`: it could not be seen.
   */
  state: "ok" | "done" | "todo" | "problem" | "unknown";
  says: string;
  /** What to do next. */
  next?: string;
};

/** Everything stands: nothing to do, nothing to decide. What could not be seen does not stand. */
export function isReady(points: readonly Point[]): boolean {
  return points.every(({ state }) => state === "ok" || state === "done");
}

const SIGN: Readonly<Record<Point["state"], string>> = { ok: "✓", done: "✓", todo: "·", problem: "✗", unknown: "?" };

export function describePoints(points: readonly Point[]): string {
  const width = Math.max(...points.map(({ name }) => name.length));
  const paint = {
    ok: colors.green,
    done: colors.green,
    todo: colors.yellow,
    problem: colors.red,
    unknown: colors.yellow,
  };
  return points
    .flatMap(({ name, state, says, next }) => [
      `${paint[state](SIGN[state])} ${name.padEnd(width)}  ${says}`,
      ...(next === undefined ? [] : [`  ${" ".repeat(width)}  ${colors.dim(`→ ${next}`)}`]),
    ])
    .join("\n");
}
