/**
 * Drives stack objects through whole attempts: accept, claim, heartbeat, result, and an operator's
 * replay and cancel. Runs inside workerd, over the objects' own RPC.
 *
 * @module
 */

import type { CommandKind, CycleOrder, CycleReport } from "../bench/measure-orders.ts";
import { noCount } from "./counted-d1.ts";
import type { PatchStack as MeasuredPatchStack } from "./measured-worker.ts";

type Stub = DurableObjectStub<MeasuredPatchStack>;
type Kinds = CycleReport["kinds"];

export async function driveCycles(env: Env, order: CycleOrder): Promise<CycleReport> {
  const kinds = Object.fromEntries(
    (["accept", "claim", "heartbeat", "result", "replay", "cancel"] as const).map((kind) => [
      kind,
      { milliseconds: [], d1: noCount() },
    ]),
  ) as unknown as Kinds;
  const startedAt = Date.now();
  await Promise.all(order.stacks.map(({ id, eventIds }) => driveStack(env, id, eventIds, kinds)));
  const milliseconds = Date.now() - startedAt;
  const commands = Object.values(kinds).reduce((sum, kind) => sum + kind.milliseconds.length, 0);
  return { milliseconds, commands, kinds };
}

async function driveStack(env: Env, stackId: string, eventIds: readonly string[], kinds: Kinds): Promise<void> {
  const stub = env.PATCH_STACK.getByName(stackId) as unknown as Stub;
  const timed = async <T extends { ok: boolean }>(kind: CommandKind, command: () => PromiseLike<T>): Promise<T> => {
    const startedAt = Date.now();
    const answer = await command();
    kinds[kind].milliseconds.push(Date.now() - startedAt);
    if (!answer.ok) throw new Error(`${kind} of ${stackId}: ${JSON.stringify(answer)}`);
    const d1 = await stub.takeCount();
    for (const name of ["requests", "statements", "rowsRead", "rowsWritten"] as const) kinds[kind].d1[name] += d1[name];
    return answer;
  };
  await stub.takeCount();
  for (const eventId of eventIds) {
    await timed("accept", async () => ({ ok: (await stub.accept(stackId, [eventId])).ok }));
    await work(env, stub, stackId, eventId, timed);
    const again = await timed("replay", async () => {
      const answer = await stub.operate(stackId, { type: "replay", eventId }, "bench");
      return { ok: answer.ok, id: answer.ok ? answer.attempt.id : "" };
    });
    await timed("cancel", async () => {
      const answer = await stub.operate(stackId, { type: "cancel", attemptId: again.id }, "bench");
      return { ok: answer.ok };
    });
  }
}

type Timed = <T extends { ok: boolean }>(kind: CommandKind, command: () => PromiseLike<T>) => Promise<T>;

async function work(env: Env, stub: Stub, stackId: string, eventId: string, timed: Timed): Promise<void> {
  const row = await env.DB.prepare(
    "SELECT id, epoch FROM maintenance_attempts WHERE event_id = ? AND stack_id = ? ORDER BY position DESC LIMIT 1",
  )
    .bind(eventId, stackId)
    .first<{ id: string; epoch: number }>();
  if (row === null) throw new Error(`${stackId} made no attempt for ${eventId}`);
  const claim = { attemptId: row.id, epoch: row.epoch, nonce: crypto.randomUUID() };
  const runner = { name: "bench", version: "1.0.0", labels: [] };
  await timed("claim", async () => ({ ok: (await stub.claim(stackId, { ...claim, runner })).ok }));
  const message = () => ({ id: crypto.randomUUID(), hash: "0".repeat(64) });
  await timed("heartbeat", async () => {
    const beat = await stub.callback(stackId, { type: "attempt.heartbeat", ...claim, seq: 1, data: {} }, message());
    return { ok: beat.ok };
  });
  await timed("result", async () => {
    const data = { outcome: "completed" as const, candidates: [], infrastructure: false };
    const told = await stub.callback(stackId, { type: "attempt.result", ...claim, seq: 2, data }, message());
    return { ok: told.ok };
  });
}
