/**
 * The work on one job whose stack is maintained by flow packages.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import type { Environment } from "../client/settings.ts";
import { systemClock } from "../job/clock.ts";
import { takeLock } from "../job/mirror-lock.ts";
import type { WorkTools } from "../job/work.ts";
import { packageEvent } from "./package-event.ts";
import { runFlows } from "./run-flows.ts";
import { stepStack } from "./step-context.ts";

/** The workspace is `PATCH_MOI_FLOWS`; one job at a time in it, whichever process does it. */
export async function performFlows(envelope: JobEnvelope, tools: WorkTools, env: Environment): Promise<AttemptResult> {
  const { attemptId, epoch, event } = envelope;
  const workspace = env.PATCH_MOI_FLOWS === undefined ? undefined : resolve(env.PATCH_MOI_FLOWS);
  tools.progress({ stage: "wait for the workspace" });
  const release = await takeLock(lockOf(workspace ?? "", tools), systemClock, tools.signal);
  tools.signal.throwIfAborted();
  if (release === undefined) throw new Error("the workspace's lock was not given and nobody stopped the wait");
  try {
    return await runFlows({
      workspace,
      event: packageEvent(event),
      runtime: {
        eventId: event.id,
        runId: `${attemptId}.${epoch}`,
        attemptId,
        replay: envelope.replay,
        push: tools.push,
      },
      stack: stepStack(envelope),
      tools,
      env,
    });
  } finally {
    release();
  }
}

function lockOf(workspace: string, tools: WorkTools): string {
  let real = workspace;
  try {
    real = realpathSync(workspace);
  } catch {
    // Not there: the plan says so.
  }
  const name = createHash("sha256").update(real).digest("hex").slice(0, 24);
  return join(tools.home.work, `flows-${name}.lock`);
}
