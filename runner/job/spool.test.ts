import { existsSync, readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { RunnerCallback } from "../../worker/contract/runner-wire.ts";
import { Callbacks } from "./callbacks.ts";
import { sendSpooled, spoolResult, waitingResults } from "./spool.ts";
import { loopbackEdge, type Reply } from "./testing/loopback-edge.ts";
import { scratch, testEnvelope } from "./testing/scratch.ts";
import { TestClock } from "./testing/test-clock.ts";

const result = { outcome: "completed" as const, infrastructure: false, candidates: [] };

async function spooled(reply: (index: number) => Reply) {
  const folder = scratch();
  const clock = new TestClock();
  const envelope = testEnvelope();
  const edge = await loopbackEdge({
    secrets: [envelope.callbackKey],
    now: () => clock.now(),
    reply: (_, index) => reply(index),
  });
  const path = spoolResult(folder.home, new Callbacks(edge.url, envelope, clock).result(result), envelope.attemptId, 1);
  const close = async () => {
    await edge.close();
    folder[Symbol.dispose]();
  };
  return { folder, clock, envelope, edge, path, [Symbol.asyncDispose]: close };
}

test("a result outlives the run that made it, and goes out later with the same id", async () => {
  await using made = await spooled((index) =>
    index === 0 ? { status: 503 } : { status: 200, body: { attemptStatus: "completed" } },
  );
  const { clock, edge, folder, path } = made;
  expect(statSync(path).mode & 0o077).toBe(0);
  expect(await sendSpooled(path, { clock, giveUpAfterMs: 0 })).toMatchObject({ kind: "unanswered", path });
  expect(waitingResults(folder.home, edge.url)).toEqual([path]);
  expect(await sendSpooled(path, { clock })).toEqual({ kind: "accepted", status: "completed" });
  expect(readdirSync(folder.home.spool)).toEqual([]);
  expect(edge.seen[0]?.headers.get("webhook-id")).toBe(edge.seen[1]?.headers.get("webhook-id"));
  expect(edge.seen[0]?.body).toBe(edge.seen[1]?.body);
  expect(RunnerCallback.parse(edge.seen[0]?.json)).toMatchObject({
    type: "attempt.result",
    attemptId: "web.1",
    data: result,
  });
});

test("a refused result is set aside, and not sent again", async () => {
  await using made = await spooled(() => ({ status: 422, body: { error: { code: "unprocessable", message: "no" } } }));
  const outcome = await sendSpooled(made.path, { clock: made.clock });
  if (outcome.kind !== "refused") throw new Error(`not refused but ${outcome.kind}`);
  expect(outcome.code).toBe("unprocessable");
  expect(existsSync(outcome.path)).toBe(true);
  expect(waitingResults(made.folder.home, made.edge.url)).toEqual([]);
});

test("a server that has the attempt's end already needs no file", async () => {
  await using made = await spooled(() => ({ status: 409, body: { error: { code: "closed", message: "ended" } } }));
  expect(await sendSpooled(made.path, { clock: made.clock })).toEqual({ kind: "settled", code: "closed" });
  expect(readdirSync(made.folder.home.spool)).toEqual([]);
});

test("results of another server are left alone", async () => {
  await using made = await spooled(() => ({ status: 200 }));
  expect(waitingResults(made.folder.home, new URL("https://other.example/"))).toEqual([]);
});
