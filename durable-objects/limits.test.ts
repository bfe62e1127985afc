/**
 * What bounds an object: commands that wait, logs, evidence. And what is kept for good.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import {
  attemptDetail,
  call,
  changed,
  declareStack,
  postRelease,
  stackWithRunner,
  tell,
  tellResult,
} from "../harness/edge/client.ts";
import { MAX_API_BODY, MAX_CALLBACK_BODY, MAX_LOG_BYTES, MAX_LOG_CHUNK } from "../worker/contract/primitives.ts";
import { openDatabase } from "../worker/store/database.ts";
import { journal } from "../worker/store/schema.ts";
import { AttemptLog } from "./attempt-log.ts";
import { MAX_EVIDENCE } from "./machine/runner.ts";

const db = openDatabase(env.DB);

function stub(id: string) {
  return env.PATCH_STACK.getByName(id);
}

describe("backpressure", () => {
  it("answers 429 with Retry-After when too much waits, to operators and runners, and loses nothing that waits", async () => {
    const runner = await stackWithRunner("crowded");
    await postRelease("crowded", "v1.0.0");
    const job = await runner.job();
    const object = stub("crowded");
    // D1 takes the next commit only when it is told to: everything else queues up behind it.
    const gate = Promise.withResolvers<void>();
    await runInDurableObject(object, (instance) => {
      const client = (instance as unknown as { db: { $client: D1Database } }).db.$client;
      const batch = client.batch.bind(client);
      client.batch = async (statements) => {
        client.batch = batch;
        await gate.promise;
        return batch(statements);
      };
    });
    const waiting = Array.from({ length: 500 }, () => object.administer("crowded", "pause", "test"));
    // Calls over one stub arrive in order: once this one has an answer, the others have their place.
    await object.readProgress("crowded.1");
    for (const refused of [
      await call("POST", "/stacks/crowded/pause"),
      await call("POST", "/maintenance-attempts/crowded.1/cancel"),
      await tell(job, { type: "attempt.heartbeat" }),
      await tellResult(job, changed(job)),
    ]) {
      expect([refused.status, refused.body]).toMatchObject([429, { error: { code: "overloaded" } }]);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    gate.resolve();
    expect((await Promise.all(waiting)).every((answer) => answer.ok)).toBe(true);
    const pauses = await db
      .select()
      .from(journal)
      .where(and(eq(journal.stackId, "crowded"), eq(journal.command, "pause")));
    expect(pauses).toHaveLength(1);
    expect((await tellResult(job, changed(job))).status).toBe(200);
  });

  it.each([
    ["POST", "/flow-events", MAX_API_BODY],
    ["PUT", "/stacks/too-large", MAX_API_BODY],
    ["POST", "/webhooks/runner", MAX_CALLBACK_BODY],
    ["PUT", "/runner/attempts/too-large.1/log?offset=0", MAX_LOG_CHUNK],
    ["POST", "/runner/claim", 16 * 1024],
  ])("refuses more than the limit: %s %s", async (method, path, limit) => {
    const answer = await call(method, path, " ".repeat(limit + 1), { "content-type": "application/json" });
    expect([answer.status, answer.body]).toMatchObject([413, { error: { code: "payload_too_large" } }]);
  });

  it("keeps a bounded number of late results as evidence", async () => {
    const runner = await stackWithRunner("wild");
    await postRelease("wild", "v1.0.0");
    const job = await runner.job();
    await tellResult(job, { outcome: "completed" });
    for (let i = 0; i < MAX_EVIDENCE + 5; i++) {
      const late = await tellResult(job, { outcome: "completed" });
      expect([late.status, late.body]).toMatchObject([409, { error: { code: "closed" }, directive: "abort" }]);
    }
    const { timeline } = await attemptDetail("wild.1");
    const evidence = timeline.filter((entry) => entry.kind === "evidence");
    expect(evidence).toHaveLength(MAX_EVIDENCE);
    expect(evidence.at(-1)?.reason?.message).toMatch(/later ones are only logged$/);
    expect(evidence.at(-2)?.reason?.message).not.toMatch(/later ones/);
  });
});

describe("the log", () => {
  const PIECE = MAX_LOG_CHUNK;
  const piece = (n: number) => new Uint8Array(PIECE).fill(n);

  it("keeps head and tail of what is longer than 8 MiB", async () => {
    const runner = await stackWithRunner("talker");
    await postRelease("talker", "v1.0.0");
    const { attemptId, epoch, nonce } = await runner.job();
    const pieces = (MAX_LOG_BYTES / PIECE) * 1.5;
    for (let n = 0; n < pieces; n++)
      expect(await stub("talker").appendLog("talker", { attemptId, epoch, nonce }, n * PIECE, piece(n))).toMatchObject({
        ok: true,
        ack: (n + 1) * PIECE,
      });
    const kept = await runInDurableObject(stub("talker"), (_, { storage }) =>
      storage.sql.exec<{ bytes: number }>("SELECT sum(length(bytes)) AS bytes FROM log_chunk").one(),
    );
    expect(kept.bytes).toBeLessThanOrEqual(MAX_LOG_BYTES + PIECE);
    const whole = await call("GET", "/maintenance-attempts/talker.1/log");
    expect(Number(whole.headers.get("x-log-omitted"))).toBe(pieces * PIECE - kept.bytes);
    const byteAt = async (at: number) => {
      const slice = await stub("talker").readLog("talker.1", at, 1);
      return [slice?.from, slice?.bytes[0]];
    };
    expect(await byteAt(0)).toEqual([0, 0]);
    expect(await byteAt(MAX_LOG_BYTES / 2 - 1)).toEqual([MAX_LOG_BYTES / 2 - 1, MAX_LOG_BYTES / 2 / PIECE - 1]);
    expect(await byteAt(pieces * PIECE - MAX_LOG_BYTES / 2)).toEqual([
      pieces * PIECE - MAX_LOG_BYTES / 2,
      pieces - MAX_LOG_BYTES / 2 / PIECE,
    ]);
    expect(await byteAt(pieces * PIECE - 1)).toEqual([pieces * PIECE - 1, pieces - 1]);
    // A range ends where something was left out.
    const range = { range: `bytes=${MAX_LOG_BYTES / 2 - 3}-${MAX_LOG_BYTES}` };
    const edge = await call("GET", "/maintenance-attempts/talker.1/log", undefined, range);
    expect(edge.headers.get("content-range")).toBe(
      `bytes ${MAX_LOG_BYTES / 2 - 3}-${MAX_LOG_BYTES / 2 - 1}/${pieces * PIECE}`,
    );
  });

  it("is kept for as many attempts as the policy says, however often each was handed out; the journal stays whole", async () => {
    await declareStack("archive");
    const found = await runInDurableObject(stub("archive"), (_, { storage }) => {
      const log = new AttemptLog(storage.sql);
      const line = new TextEncoder().encode("a line\n");
      for (let n = 1; n <= 60; n++)
        for (const epoch of n === 60 ? [1, 2, 3] : [1]) log.append({ attemptId: `archive.${n}`, epoch }, 0, line, 50);
      const chunks = storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM log_chunk").one().n;
      const kept = Array.from({ length: 60 }, (__, i) => log.read(`archive.${i + 1}`, undefined, 0, 100) !== undefined);
      const first = log.read("archive.60", 1, 0, 100)?.total;
      // An attempt that is handed out again and again.
      for (let epoch = 4; epoch <= 200; epoch++) log.append({ attemptId: "archive.60", epoch }, 0, line, 50);
      const after = storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM log_chunk").one().n;
      return { chunks, kept, first, after };
    });
    expect(found.kept).toEqual(Array.from({ length: 60 }, (_, i) => i >= 10));
    expect(found).toMatchObject({ chunks: 52, first: 7, after: 100 });
    await postRelease("archive", "v1.0.0");
    for (let n = 0; n < 60; n++) {
      const path = `/flow-events/${encodeURIComponent("patch:by-hand-archive:v1.0.0:upstream.release")}/replay`;
      expect((await call("POST", path)).status).toBe(202);
    }
    const { timeline } = await attemptDetail("archive.1");
    expect(timeline[0]).toMatchObject({ kind: "created" });
    const rows = await db.select({ seq: journal.seq }).from(journal).where(eq(journal.stackId, "archive"));
    expect(rows.map((row) => row.seq).toSorted((a, b) => a - b)).toEqual(rows.map((_, i) => i + 1));
  });
});
