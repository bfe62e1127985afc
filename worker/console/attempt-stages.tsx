/**
 * How far a running attempt is, by the stages its runner tells of.
 *
 * @module
 */
import type { AttemptDetail, MaintenanceAttempt } from "../contract/attempt.ts";
import { When } from "./words.tsx";

export type Progress = AttemptDetail["progress"];

const STAGES = ["fetch", "replay", "verify", "push"];
const MOVES: Partial<Record<MaintenanceAttempt["operation"], string[]>> = {
  land: ["fetch", "land"],
  promote: ["fetch", "promote"],
};

/** Stages that belong to another one's part of the work, by their first words. */
const WITHIN: readonly [string, string][] = [
  ["wait for the mirror", "fetch"],
  ["account for", "replay"],
  ["resolver", "replay"],
  ["verify", "verify"],
  ["find the failing", "verify"],
];

type StagesProps = { attempt: MaintenanceAttempt; progress: Progress; now: number };

export function Stages({ attempt, progress, now }: StagesProps) {
  if (attempt.status !== "running") return null;
  const stages = MOVES[attempt.operation] ?? STAGES;
  const told = progress?.stage;
  const part = told === undefined ? undefined : (WITHIN.find(([words]) => told.startsWith(words))?.[1] ?? told);
  const at = part === undefined ? -1 : stages.indexOf(part);
  return (
    <div>
      <ol class="stages" aria-label="Stages">
        {stages.map((stage, i) => (
          <li class={i < at ? "past" : undefined} aria-current={i === at ? "step" : undefined}>
            {stage}
          </li>
        ))}
      </ol>
      {progress === undefined ? (
        <p class="soft">Claimed; the runner has not told of a stage yet.</p>
      ) : (
        <p class="soft">
          {progress.stage}
          {progress.total === undefined ? null : (
            <>
              {" "}
              <progress value={progress.done ?? 0} max={progress.total} aria-label={progress.stage} />{" "}
              {progress.done ?? 0} of {progress.total}
            </>
          )}{" "}
          · <When at={progress.at} now={now} />
        </p>
      )}
    </div>
  );
}
