/**
 * Starts the run of a check on the stack's forge, and looks what became of it.
 *
 * It goes the way of every hand-out: same workflow, same inputs, same credential. What differs is the id,
 * which is no attempt's: whatever a job does with it, there is nothing to claim, report or push.
 *
 * @module
 */
import type { Reason } from "../contract/primitives.ts";
import { checkId } from "../contract/setup-check.ts";
import type { StackConfig } from "../contract/stack.ts";
import { surfaceOf } from "../contract/surface.ts";
import type { Database } from "../store/database.ts";
import {
  changeCheck,
  expireCheck,
  findCheck,
  forgetChecks,
  insertCheck,
  type SetupCheckRow,
} from "../store/setup-checks.ts";
import type { DriverContext } from "./driver.ts";
import { type ForgeHandOut, isForgeSurface, lookAtRun, startRun } from "./forge-actions.ts";

/** How long a job may take to come: forges queue runs, milliseconds. */
const CHECK_LASTS_MS = 3_600_000;

/** How long checks are kept, milliseconds. */
const CHECKS_KEPT_MS = 30 * 86_400_000;

/** A check is handed out once. */
const EPOCH = 1;

/** Starts one; undefined when the stack's driver is no forge's. The row stands before anything leaves. */
export async function startCheck(
  db: Database,
  stack: { id: string; config: StackConfig },
  context: DriverContext,
): Promise<SetupCheckRow | undefined> {
  const surface = surfaceOf(stack.config.policy);
  if (!isForgeSurface(surface)) return undefined;
  const now = context.now();
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const id = checkId(stack.id, Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  const createdAt = new Date(now).toISOString();
  const row: SetupCheckRow = {
    id,
    stackId: stack.id,
    surface,
    state: "waiting",
    reason: null,
    provedAs: null,
    runs: [],
    createdAt,
    expiresAt: new Date(now + CHECK_LASTS_MS).toISOString(),
  };
  await insertCheck(db, row);
  await forgetChecks(db, stack.id, new Date(now - CHECKS_KEPT_MS).toISOString());
  const answer = await startRun(handOutOf(row, stack.config), surface, context);
  const at = new Date(context.now()).toISOString();
  // Unclear is no end: the run may be on its way, and looking will tell.
  if (answer.kind === "taken") await changeCheck(db, id, { runs: [...answer.runs] }, at);
  else if (answer.kind === "unclear") await changeCheck(db, id, { reason: answer.reason }, at);
  else if (answer.kind !== "nothing") await changeCheck(db, id, { state: "failed", reason: answer.reason }, at);
  return (await findCheck(db, id)) ?? row;
}

/** The check as it stands now. One that waits asks the forge whether there is still something to wait for. */
export async function lookAtCheck(
  db: Database,
  row: SetupCheckRow,
  config: StackConfig,
  context: DriverContext,
): Promise<SetupCheckRow> {
  if (row.state !== "waiting" || !isForgeSurface(row.surface)) return row;
  const now = new Date(context.now()).toISOString();
  if (row.expiresAt <= now) await expireCheck(db, row.id, row.reason ?? noJobCame("within an hour"), now);
  else {
    const answer = await lookAtRun(handOutOf(row, config), row.surface, context);
    if (answer.kind === "ended") {
      const reason = row.reason ?? noJobCame(`before its run was over (${answer.message})`);
      await changeCheck(db, row.id, { state: "failed", reason }, now);
    } else if ("runs" in answer && row.runs.length === 0)
      await changeCheck(db, row.id, { runs: [...answer.runs] }, now);
  }
  return (await findCheck(db, row.id)) ?? row;
}

function noJobCame(when: string): Reason {
  return {
    code: "no_claim",
    message: `no job came to claim ${when}; look at the run on the forge: the job 'replay' must reach this deployment`,
  };
}

function handOutOf(row: SetupCheckRow, config: StackConfig): ForgeHandOut {
  return {
    id: `${row.id}.${EPOCH}`,
    attemptId: row.id,
    epoch: EPOCH,
    config,
    runs: row.runs,
    earlierRuns: [],
    createdAt: row.createdAt,
  };
}
