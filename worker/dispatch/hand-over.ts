/**
 * Handing work to a surface once: what was tried before is looked for before anything is sent again.
 *
 * @module
 */
import { z } from "zod";
import type { Reason } from "../contract/primitives.ts";
import { type DriverName, Surface } from "../contract/surface.ts";
import { log } from "../platform/log.ts";
import { ok } from "../platform/result.ts";
import type { Database } from "../store/database.ts";
import { type HandOutRecord, readHandOut } from "../store/hand-outs.ts";
import type { AttemptRow, OutboxRow } from "../store/rows.ts";
import type { CancelAnswer, DispatchAnswer, Driver, DriverContext, HandOut, StatusAnswer } from "./driver.ts";

export type Dispatching = {
  db: Database;
  driver: (name: DriverName) => Driver | undefined;
  context: DriverContext;
};

/** Payload of the effects `dispatch` and `dispatch.cancel`; the surface is the one of the hand-out, whatever is configured now. */
export const SurfaceEffect = z.object({ dispatchId: z.string(), surface: Surface });
export type SurfaceEffect = z.infer<typeof SurfaceEffect>;

/**
 * Hands the work over, or finds out that it was. Undefined when there is nothing to hand over any more.
 *
 * An effect that was tried before may have arrived: the surface is asked first, and nothing is sent
 * until it says that it has nothing.
 *
 * @param sendBefore after this time somebody else may be at it, milliseconds since the epoch
 */
export async function handOver(
  dispatching: Dispatching,
  effect: OutboxRow,
  sendBefore: number,
): Promise<DispatchAnswer | undefined> {
  const { dispatchId, surface } = SurfaceEffect.parse(effect.payload);
  const record = await readHandOut(dispatching.db, dispatchId);
  if (record === undefined || record.dispatch.status !== "waiting" || record.dispatch.sentAt !== null) return undefined;
  const driver = dispatching.driver(surface.driver);
  if (driver === undefined) return { kind: "refused", reason: noDriver(surface.driver) };
  const handOut = handOutOf(record);
  if (effect.tries > 0 || record.earlierUnclear) {
    const seen = await asking(driver, () => driver.status(handOut, surface, dispatching.context));
    if (seen.kind === "unknown") return { ...seen, kind: "unclear" };
    if (seen.kind !== "absent") return { kind: "taken", runs: seen.runs };
  }
  if (dispatching.context.now() >= sendBefore)
    return { kind: "unclear", reason: { code: "slow_storage", message: "storage took too long to begin in time" } };
  return await asking(driver, () => driver.dispatch(handOut, surface, dispatching.context), "unclear");
}

/**
 * What the surface says of an attempt's hand-out, and whether it names runs that are not on record. `takenAt`: since
 * when it is known to have taken the work, absent before.
 */
export type Seen = { epoch: number; answer: StatusAnswer; news: boolean; takenAt?: string };

/** Asks the surface that has the attempt. */
export async function lookAt(dispatching: Dispatching, attempt: AttemptRow): Promise<Seen> {
  const { surface, id, epoch } = attempt;
  const unknown = (reason: Reason): Seen => ({ epoch, answer: { kind: "unknown", reason }, news: false });
  const driver = surface === null ? undefined : dispatching.driver(surface.driver);
  if (surface === null || driver === undefined) return unknown(noDriver(surface?.driver ?? "pull"));
  const record = await readHandOut(dispatching.db, `${id}.${epoch}`);
  if (record === undefined) return unknown({ code: "no_hand_out", message: `${id}.${epoch} is not on record` });
  const handOut = handOutOf(record);
  const answer = await asking(driver, () => driver.status(handOut, surface, dispatching.context));
  const known = new Set(handOut.runs.map((run) => run.id));
  const { sentAt } = record.dispatch;
  const news = "runs" in answer && (sentAt === null || answer.runs.some((run) => !known.has(run.id)));
  return { epoch, answer, news, ...(sentAt === null ? {} : { takenAt: sentAt }) };
}

/** Stops what a hand-out became; the work itself is withdrawn already. */
export async function cancelHandOut(dispatching: Dispatching, effect: OutboxRow): Promise<CancelAnswer> {
  const { dispatchId, surface } = SurfaceEffect.parse(effect.payload);
  const record = await readHandOut(dispatching.db, dispatchId);
  const driver = dispatching.driver(surface.driver);
  if (record === undefined || driver === undefined) return ok(undefined);
  return driver.cancel(handOutOf(record), surface, dispatching.context);
}

function handOutOf({ dispatch, attempt, event, config, earlierRuns }: HandOutRecord): HandOut {
  return {
    id: dispatch.id,
    attemptId: dispatch.attemptId,
    epoch: dispatch.epoch,
    stackId: dispatch.stackId,
    operation: attempt.operation,
    event: {
      id: event.id,
      type: event.type,
      ...(event.sourceId === null ? {} : { sourceId: event.sourceId }),
      ...(event.occurredAt === null ? {} : { occurredAt: event.occurredAt }),
      receivedAt: event.receivedAt,
      payload: event.payload,
    },
    config,
    runs: dispatch.runs ?? [],
    earlierRuns,
    createdAt: dispatch.createdAt,
  };
}

/** A driver that throws is a fault of ours: nobody knows then what had left before. */
async function asking<A>(driver: Driver, ask: () => Promise<A>): Promise<A | { kind: "unknown"; reason: Reason }>;
async function asking<A, K extends string>(
  driver: Driver,
  ask: () => Promise<A>,
  otherwise: K,
): Promise<A | { kind: K; reason: Reason }>;
async function asking<A>(driver: Driver, ask: () => Promise<A>, otherwise = "unknown") {
  try {
    return await ask();
  } catch (error) {
    log("error", "dispatch.failed", { driver: driver.name, error: String(error) });
    const message = `the driver '${driver.name}' failed here; the log has the details`;
    return { kind: otherwise, reason: { code: "driver_failed", message } };
  }
}

function noDriver(name: DriverName): Reason {
  return { code: "no_driver", message: `this version cannot hand work to '${name}'; name another policy.driver` };
}
