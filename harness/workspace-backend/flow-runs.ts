/**
 * A workspace backend's own work: the flow packages of a workspace, run for each event that it is handed.
 *
 * @module
 */

import { PackageEvent, packageEvent } from "../../runner/flow/package-event.ts";
import { planFlows } from "../../runner/flow/run-flows.ts";
import { runStep, type StepEnd } from "../../runner/flow/run-step.ts";
import { stepContext } from "../../runner/flow/step-context.ts";
import { openDataHome } from "../../runner/job/data-home.ts";
import { makeRedactor } from "../../runner/job/redact.ts";
import { combineStatuses } from "../../worker/contract/flow-result.ts";
import type { BackendRun } from "./backend.ts";

export type Workspace = { folder: string; home: string; log: (text: string) => void };

/** What the run made, as `resultPayload` of a run says it. */
export async function runPackages({ folder, home, log }: Workspace, run: BackendRun, given: unknown): Promise<object> {
  const event = packageEvent(PackageEvent.parse(given));
  const plan = planFlows(folder, event, process.env);
  if (!plan.ok) return { status: "blocked", message: plan.message, artifacts: { code: plan.code } };
  const runtime = { eventId: event.id, runId: run.id, attemptId: run.id, replay: run.replay, push: true };
  const ends: StepEnd[] = [];
  for (const step of plan.steps)
    ends.push(
      await runStep({
        step,
        context: stepContext(step, event, runtime),
        under: openDataHome(home).work,
        env: process.env,
        signal: new AbortController().signal,
        redact: makeRedactor([]),
        log,
      }),
    );
  const status = combineStatuses(ends.map((end) => end.status));
  const deciding = ends.find((end) => end.status === status);
  return { status, message: deciding?.message ?? "no step is for this event", artifacts: deciding?.artifacts ?? {} };
}
