/**
 * The object against real D1: order, fencing, repetition, faults, eviction.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { and, asc, eq, gt } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  attemptDetail,
  attemptsOf,
  call,
  changed,
  declareStack,
  expectBody,
  oid,
  postRelease,
  releaseEventId,
  signed,
  stackWithRunner,
  TestRunner,
  tell,
  tellResult,
} from "../harness/edge/client.ts";
import { isActive, MaintenanceAttempt, RetryAnswer } from "../worker/contract/attempt.ts";
import { Stack } from "../worker/contract/stack.ts";
import { emptyReport } from "../worker/contract/testing/empty-report.ts";
import { openDatabase } from "../worker/store/database.ts";
import { attempts, journal, stacks } from "../worker/store/schema.ts";

const db = openDatabase(env.DB);
const StackAnswer = z.object({ stack: Stack });
const AttemptAnswer = z.object({ attempt: MaintenanceAttempt });
const reason = { code: "conflict", message: "two patches conflict" };

function stub(id: string) {
  return env.PATCH_STACK.getByName(id);
}

/** The journal has no gaps and agrees with the attempts' rows. */
async function expectSoundJournal(stackId: string): Promise<void> {
  const rows = await db.select().from(journal).where(eq(journal.stackId, stackId)).orderBy(asc(journal.seq));
  expect(rows.map((row) => row.seq)).toEqual(rows.map((_, i) => i + 1));
  const [stack] = await db.select().from(stacks).where(eq(stacks.id, stackId));
  expect(stack?.journalSeq).toBe(rows.length);
  const told = new Map<string, string>();
  for (const row of rows) {
    if (row.attemptId === null || row.toStatus === null) continue;
    if (row.kind === "transition") expect(told.get(row.attemptId)).toBe(row.fromStatus);
    told.set(row.attemptId, row.toStatus);
    const active = [...told.values()].filter((s) => s === "dispatched" || s === "running");
    expect(active.length).toBeLessThanOrEqual(1);
  }
  const stored = await db.select().from(attempts).where(eq(attempts.stackId, stackId));
  expect(Object.fromEntries(stored.map((a) => [a.id, a.status]))).toEqual(Object.fromEntries(told));
}

describe("one thing at a time", () => {
  it("keeps a gap-free journal and one active attempt under 50 concurrent submissions and reports", async () => {
    const runner = await stackWithRunner("crowd");
    await postRelease("crowd", "v0.1.0");
    const job = await runner.job();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        i % 2 === 0
          ? postRelease("crowd", `v1.${i}.0`)
          : tell(
              job,
              i % 4 === 1
                ? { type: "attempt.heartbeat", seq: i }
                : { type: "attempt.result", data: changed(job), seq: i },
            ),
      ),
    );
    for (const { status } of answers) expect([200, 201, 409]).toContain(status);
    const all = await attemptsOf("crowd");
    expect(all).toHaveLength(26);
    expect(all.filter((a) => isActive(a.status))).toHaveLength(1);
    await expectSoundJournal("crowd");
  });

  it("gives one attempt to one of many claims", async () => {
    const runner = await stackWithRunner("race");
    await postRelease("race", "v1.0.0");
    const claims = await Promise.all(Array.from({ length: 10 }, () => runner.pull()));
    expect(claims.filter((c) => c.status === 200)).toHaveLength(1);
    expect(claims.filter((c) => c.status === 204)).toHaveLength(9);
  });

  it("gives nothing to a runner that lacks the stack's labels, though it names the attempt", async () => {
    const runner = await stackWithRunner("labelled");
    const stranger = await TestRunner.register("stranger", ["other"]);
    await postRelease("labelled", "v1.0.0");
    const named = { attemptId: "labelled.1", epoch: 1 };
    const refused = await stranger.pull(undefined, named);
    expect([refused.status, refused.body]).toMatchObject([403, { error: { code: "forbidden" } }]);
    expect((await runner.pull(undefined, named)).status).toBe(200);
  });
});

describe("fencing and repetition", () => {
  it("answers a repeated claim and a repeated result as the first time", async () => {
    const runner = await stackWithRunner("again");
    await postRelease("again", "v1.0.0");
    const nonce = crypto.randomUUID();
    const first = await runner.pull(nonce);
    expect((await runner.pull(nonce)).body).toEqual(first.body);
    const job = expectBody(z.custom<Awaited<ReturnType<TestRunner["job"]>>>(), first);
    expect((await tellResult(job, changed(job), "msg-1")).body).toMatchObject({ status: "applied" });
    expect((await tellResult(job, changed(job), "msg-1")).body).toMatchObject({
      status: "duplicate",
      attemptStatus: "changed",
    });
    const other = await tellResult(job, { outcome: "completed" }, "msg-1");
    expect([other.status, other.body]).toMatchObject([409, { error: { code: "id_reused" } }]);
    const late = await tellResult(job, { outcome: "completed" }, "msg-2");
    expect([late.status, late.body]).toMatchObject([409, { error: { code: "closed" }, directive: "abort" }]);
    const { attempt, timeline } = await attemptDetail("again.1");
    expect(attempt.status).toBe("changed");
    expect(timeline.at(-1)).toMatchObject({ kind: "evidence", reason: { code: "closed" } });
  });

  it("fences off a runner whose attempt was superseded, and stops one that is cancelled", async () => {
    const runner = await stackWithRunner("fence");
    await postRelease("fence", "v1.0.0");
    const old = await runner.job();
    await postRelease("fence", "v2.0.0");
    expect(await tell(old, { type: "attempt.heartbeat" })).toMatchObject({
      status: 409,
      body: { error: { code: "fenced" } },
    });
    const job = await runner.job();
    expect(job.attemptId).toBe("fence.2");
    const cancel = expectBody(AttemptAnswer, await call("POST", "/maintenance-attempts/fence.2/cancel")).attempt;
    expect(cancel).toMatchObject({ status: "running", cancelRequested: true });
    expect((await tell(job, { type: "attempt.heartbeat" })).body).toMatchObject({ directive: "cancel" });
    await tellResult(job, {
      outcome: "failed",
      infrastructure: true,
      reason: { code: "runner_stopped", message: "stopped" },
    });
    expect((await attemptDetail("fence.2")).attempt.status).toBe("cancelled");
    await expectSoundJournal("fence");
  });

  it("refuses what a result may not say, and leaves the attempt running", async () => {
    const runner = await stackWithRunner("strict");
    await postRelease("strict", "v1.0.0");
    const job = await runner.job();
    const refusals: [unknown, RegExp][] = [
      [{ outcome: "changed" }, /candidate/],
      [{ outcome: "completed", extra: 1 }, /extra/],
      [{ outcome: "failed" }, /reason/],
      [{ ...changed(job), candidates: [{ kind: "branch", ref: "refs/heads/x", oid: "HEAD" }] }, /object id/],
      [{ outcome: "completed", report: { ...emptyReport("strict"), patches: [{}] } }, /patches/],
    ];
    for (const [data, message] of refusals) {
      const answer = await tell(job, { type: "attempt.result", data });
      expect(answer.status).toBe(422);
      expect(JSON.stringify(answer.body)).toMatch(message);
    }
    expect((await attemptDetail("strict.1")).attempt.status).toBe("running");
  });

  it("tells nothing to who is not authenticated", async () => {
    const runner = await stackWithRunner("quiet");
    await postRelease("quiet", "v1.0.0");
    const job = await runner.job();
    const wrongKey = { ...job, callbackKey: "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" };
    const answers = [
      await tellResult(wrongKey, changed(job)),
      await tell(job, { type: "attempt.heartbeat", epoch: 2 }),
      await tell({ ...job, attemptId: "quiet.99" }, { type: "attempt.heartbeat" }),
      await tell({ ...job, attemptId: "nothing.1" }, { type: "attempt.heartbeat" }),
      await signed("/webhooks/runner", job.callbackKey, "not json"),
      await signed("/runner/claim", job.callbackKey, {
        nonce: crypto.randomUUID(),
        runner: { name: "quiet-runner", version: "1" },
      }),
      await signed("/runner/claim", job.callbackKey, {
        nonce: crypto.randomUUID(),
        runner: { name: "nobody", version: "1" },
      }),
    ];
    expect(new Set(answers.map((a) => a.status))).toEqual(new Set([401]));
    expect(new Set(answers.map((a) => JSON.stringify(a.body))).size).toBe(1);
    const text = await signed(
      "/webhooks/runner",
      job.callbackKey,
      { type: "attempt.heartbeat", attemptId: job.attemptId, epoch: 1, nonce: job.nonce, seq: 1 },
      "x",
      { "content-type": "text/plain" },
    );
    expect(text.status).toBe(415);
    const large = await signed("/webhooks/runner", job.callbackKey, "x".repeat(1024 * 1024 + 1));
    expect(large.status).toBe(413);
  });

  it("honours Idempotency-Key", async () => {
    await declareStack("once");
    await postRelease("once", "v1.0.0");
    const path = `/flow-events/${encodeURIComponent(releaseEventId("once", "v1.0.0"))}/replay`;
    const headers = { "idempotency-key": "replay-once" };
    const replies = await Promise.all([1, 2, 3].map(() => call("POST", path, undefined, headers)));
    const ids = replies.map((reply) => expectBody(RetryAnswer, reply, 202).attempt.id);
    expect(new Set(ids)).toEqual(new Set(["once.2"]));
    expect((await call("POST", path, undefined, headers)).headers.get("idempotency-replayed")).toBe("true");
    expect(await attemptsOf("once")).toHaveLength(2);
    const other = await call("POST", "/maintenance-attempts/once.2/cancel", undefined, headers);
    expect([other.status, other.body]).toMatchObject([409, { error: { code: "id_reused" } }]);
  });

  it("works on the first of many under one key, and gives the others its answer", async () => {
    const make = (name: string) => call("POST", "/runners", { name }, { "idempotency-key": "many-at-once" });
    const replies = await Promise.all(Array.from({ length: 6 }, () => make("made-once")));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 201));
    expect(replies.filter(({ body }) => JSON.stringify(body).includes("whsec_"))).toHaveLength(1);
    expect((await make("another")).status).toBe(409);
    // A refusal keeps nothing.
    const headers = { "idempotency-key": "refused-first" };
    expect((await call("POST", "/runners", { name: "NO" }, headers)).status).toBe(400);
    expect((await call("POST", "/runners", { name: "yes" }, headers)).status).toBe(201);
  });
});

describe("faults", () => {
  it("finds out from the journal whether a batch that failed was applied", async () => {
    await declareStack("ambiguous");
    await runInDurableObject(stub("ambiguous"), async (instance) => {
      const client = (instance as unknown as { db: { $client: D1Database } }).db.$client;
      const batch = client.batch.bind(client);
      // The first batch that writes.
      client.batch = async <T>(statements: D1PreparedStatement[]) => {
        const results = await batch<T>(statements);
        if (results.every(({ meta }) => !meta.changed_db)) return results;
        client.batch = batch;
        throw new Error("D1_ERROR: Network connection lost.");
      };
      await db.run(
        `INSERT INTO flow_events (id, type, received_at, payload) VALUES ('amb', 'upstream.release', '2026-01-01T00:00:00.000Z', '{"entry":{"entryId":"v1","tag":"v1.0.0"}}')`,
      );
      await db.run(
        `INSERT INTO deliveries (event_id, stack_id, status, created_at) VALUES ('amb', 'ambiguous', 'pending', '2026-01-01T00:00:00.000Z')`,
      );
      expect(await instance.accept("ambiguous", ["amb"])).toMatchObject({ ok: true });
    });
    expect(await attemptsOf("ambiguous")).toHaveLength(1);
    await expectSoundJournal("ambiguous");
  });

  it("answers 503 when nothing was written, and works again afterwards", async () => {
    await declareStack("down");
    await postRelease("down", "v1.0.0");
    await runInDurableObject(stub("down"), (instance) => {
      const client = (instance as unknown as { db: { $client: D1Database } }).db.$client;
      const batch = client.batch.bind(client);
      client.batch = () => {
        client.batch = batch;
        return Promise.reject(new Error("D1_ERROR: overloaded"));
      };
    });
    const failed = await call("POST", "/maintenance-attempts/down.1/cancel");
    expect([failed.status, failed.headers.get("retry-after")]).toEqual([503, "2"]);
    expect((await attemptDetail("down.1")).attempt.status).toBe("dispatched");
    expect((await call("POST", "/maintenance-attempts/down.1/cancel")).status).toBe(200);
    await expectSoundJournal("down");
  });

  it("fails whole when another writer was faster, and decides anew", async () => {
    await declareStack("second");
    await postRelease("second", "v1.0.0");
    // What a second live instance of the object would have committed: a pause.
    const [row] = await db.select().from(stacks).where(eq(stacks.id, "second"));
    const seq = (row?.journalSeq ?? 0) + 1;
    await db.batch([
      db.insert(journal).values({
        stackId: "second",
        seq,
        at: "2026-01-01T00:00:00.000Z",
        actor: "other",
        command: "pause",
        writer: "other/1",
        kind: "stack",
      }),
      db.update(stacks).set({ journalSeq: seq, paused: true }).where(eq(stacks.id, "second")),
    ]);
    await postRelease("second", "v2.0.0");
    const all = await attemptsOf("second");
    expect(all.map((a) => [a.tag, a.status])).toEqual([
      ["v2.0.0", "queued"],
      ["v1.0.0", "superseded"],
    ]);
    await expectSoundJournal("second");
  });

  it("sees by a poke what another instance has written since, and acts on it", async () => {
    await declareStack("overtaken");
    await postRelease("overtaken", "v1.0.0");
    // What a second live instance would have committed: the hand-out expired, and its wait is over.
    const past = "2020-01-01T00:00:00.000Z";
    const [row] = await db.select().from(stacks).where(eq(stacks.id, "overtaken"));
    const seq = (row?.journalSeq ?? 0) + 1;
    await db.batch([
      db.insert(journal).values({
        stackId: "overtaken",
        seq,
        at: past,
        actor: "clock",
        command: "tick",
        writer: "other/1",
        kind: "transition",
        attemptId: "overtaken.1",
        epoch: 2,
        fromStatus: "dispatched",
        toStatus: "queued",
      }),
      db.update(stacks).set({ journalSeq: seq, nextActionAt: past }).where(eq(stacks.id, "overtaken")),
      db
        .update(attempts)
        .set({ status: "queued", epoch: 2, notBefore: past, deadlineAt: null })
        .where(eq(attempts.id, "overtaken.1")),
    ]);
    await stub("overtaken").poke("overtaken");
    expect((await attemptDetail("overtaken.1")).attempt).toMatchObject({ status: "dispatched", epoch: 2 });
    await expectSoundJournal("overtaken");
  });

  it("works with the record that stands when D1 was taken back, and not with what it remembers", async () => {
    await declareStack("back");
    const [stack] = await db.select().from(stacks).where(eq(stacks.id, "back"));
    const rows = await db.select().from(journal).where(eq(journal.stackId, "back"));
    const { fork, upstream } = expectBody(StackAnswer, await call("GET", "/stacks/back"), 200).stack;
    const wrong = { fork, upstream, branch: "wrong" };
    const branch = async () => expectBody(StackAnswer, await call("GET", "/stacks/back"), 200).stack.branch;
    const takeBack = async () => {
      await db.delete(journal).where(and(eq(journal.stackId, "back"), gt(journal.seq, rows.length)));
      await db
        .update(stacks)
        .set(stack ?? {})
        .where(eq(stacks.id, "back"));
    };
    await call("PUT", "/stacks/back", wrong);
    expect(await branch()).toBe("wrong");

    await takeBack();
    expect((await call("POST", "/stacks/back/pause", {})).status).toBe(200);
    expect(await branch()).toBe(stack?.config.branch);
    await expectSoundJournal("back");

    await takeBack();
    await call("PUT", "/stacks/back", wrong);
    await takeBack();
    // The same again is no change of what the object remembers, and one of the record.
    await call("PUT", "/stacks/back", wrong);
    expect(await branch()).toBe("wrong");
    await call("POST", "/stacks/back/pause", {});
    await takeBack();
    await call("POST", "/stacks/back/pause", {});
    expect(expectBody(StackAnswer, await call("GET", "/stacks/back"), 200).stack.paused).toBe(true);
    await expectSoundJournal("back");

    await db.delete(journal).where(eq(journal.stackId, "back"));
    await db.delete(stacks).where(eq(stacks.id, "back"));
    expect((await call("POST", "/stacks/back/pause", {})).status).toBe(404);
    await declareStack("back");
    await expectSoundJournal("back");
  });

  it("does not forget an effect that could not leave, whatever is committed meanwhile", async () => {
    await declareStack("unsent");
    const nextAt = "2999-01-01T00:00:00.000Z";
    await db.run(
      `INSERT INTO outbox (id, stack_id, kind, payload, status, next_at, created_at)
       VALUES ('unsent:1', 'unsent', 'notify.discord', '{}', 'pending', '${nextAt}', '${nextAt}')`,
    );
    expect((await call("POST", "/stacks/unsent/pause")).status).toBe(200);
    const [row] = await db.select().from(stacks).where(eq(stacks.id, "unsent"));
    expect(row?.nextActionAt).toBe(nextAt);
  });

  it("goes on from the record after an eviction", async () => {
    const runner = await stackWithRunner("evicted");
    await postRelease("evicted", "v1.0.0");
    const job = await runner.job();
    await tell(job, { type: "attempt.heartbeat" });
    await evictDurableObject(stub("evicted"));
    expect((await tell(job, { type: "attempt.heartbeat", seq: 2 })).status).toBe(200);
    expect((await tellResult(job, { outcome: "needs_intervention", reason })).status).toBe(200);
    await evictDurableObject(stub("evicted"));
    const resumed = expectBody(
      AttemptAnswer,
      await call("POST", "/maintenance-attempts/evicted.1/resume", { note: "resolved", resolvedRef: "fixed" }),
    ).attempt;
    expect(resumed).toMatchObject({
      status: "dispatched",
      epoch: 2,
      resume: { note: "resolved", resolvedRef: "fixed" },
    });
    expect((await runner.job()).resume).toEqual({ note: "resolved", resolvedRef: "fixed" });
    await expectSoundJournal("evicted");
  });
});

describe("time", () => {
  /** Lets a lease have run out long ago, in the record and in the object's own storage. */
  async function loseLease(stackId: string, attemptId: string): Promise<void> {
    await db.update(attempts).set({ leaseUntil: "2020-01-01T00:00:00.000Z" }).where(eq(attempts.id, attemptId));
    await runInDurableObject(stub(stackId), (_, state) => {
      state.storage.sql.exec("DELETE FROM lease");
    });
    await evictDurableObject(stub(stackId));
  }

  it("takes back work when the alarm finds the lease lost", async () => {
    const runner = await stackWithRunner("alarm");
    await postRelease("alarm", "v1.0.0");
    await runner.job();
    await loseLease("alarm", "alarm.1");
    expect(await runDurableObjectAlarm(stub("alarm"))).toBe(true);
    const { attempt } = await attemptDetail("alarm.1");
    expect(attempt).toMatchObject({ status: "queued", epoch: 2, retries: 1, reason: { code: "lease_lost" } });
    await expectSoundJournal("alarm");
  });

  it("is poked by the cron when the alarm is lost", async () => {
    const { everyMinute } = await import("../worker/cron.ts");
    const runner = await stackWithRunner("poked");
    await postRelease("poked", "v1.0.0");
    await runner.job();
    await loseLease("poked", "poked.1");
    await runInDurableObject(stub("poked"), (_, state) => state.storage.deleteAlarm());
    await db.update(stacks).set({ nextActionAt: "2020-01-01T00:00:00.000Z" }).where(eq(stacks.id, "poked"));
    await everyMinute(env, Date.now());
    expect((await attemptDetail("poked.1")).attempt).toMatchObject({
      status: "queued",
      reason: { code: "lease_lost" },
    });
  });
});

describe("the log", () => {
  it("takes pieces in order, trims overlap, refuses gaps, and is read by range", async () => {
    const runner = await stackWithRunner("logged");
    await postRelease("logged", "v1.0.0");
    const job = await runner.job();
    const put = async (offset: number, text: string) => {
      const claim = { attemptId: job.attemptId, epoch: job.epoch, nonce: job.nonce };
      return stub("logged").appendLog("logged", claim, offset, new TextEncoder().encode(text));
    };
    expect(await put(0, "hello ")).toEqual({ ok: true, ack: 6, gap: false });
    expect(await put(3, "lo world")).toEqual({ ok: true, ack: 11, gap: false });
    expect(await put(20, "x")).toEqual({ ok: true, ack: 11, gap: true });
    const path = "/maintenance-attempts/logged.1/log";
    expect((await call("GET", path)).body).toBe("hello world");
    const range = await call("GET", path, undefined, { range: "bytes=6-8" });
    expect([range.status, range.body, range.headers.get("content-range")]).toEqual([206, "wor", "bytes 6-8/11"]);
    const tail = await call("GET", path, undefined, { range: "bytes=-5" });
    expect([tail.status, tail.body, tail.headers.get("content-range")]).toEqual([206, "world", "bytes 6-10/11"]);
    const beyond = await call("GET", path, undefined, { range: "bytes=11-" });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */11"]);
    await tellResult(job, changed(job));
    const events = await call("GET", path, undefined, { accept: "text/event-stream" });
    expect(events.body).toContain("data: hello world");
    expect(events.body).toContain("event: end\ndata: changed");
  });

  it("is followed while it grows until the attempt ends, and gone on with between two characters", async () => {
    const runner = await stackWithRunner("live");
    await postRelease("live", "v1.0.0");
    const job = await runner.job();
    const { attemptId, epoch, nonce } = job;
    // A piece that is read at once ends within the é.
    const piece = 256 * 1024;
    const first = "a".repeat(piece - 1);
    const bytes = new TextEncoder().encode(`${first}é\nend`);
    const append = (from: number, to: number) =>
      stub("live").appendLog("live", { attemptId, epoch, nonce }, from, bytes.slice(from, to));
    await append(0, piece);
    const follow = (from?: string) =>
      call("GET", "/maintenance-attempts/live.1/log", undefined, {
        accept: "text/event-stream",
        ...(from === undefined ? {} : { "last-event-id": from }),
      });
    const following = follow();
    await append(piece, bytes.length);
    await tellResult(job, { outcome: "completed" });
    const { body } = await following;
    const data = (said: unknown) => {
      const lines = String(said)
        .split("\n\n")
        .filter((event) => event.startsWith("event: log"));
      return lines.map((event) => event.split("\n").filter((line) => line.startsWith("data: ")));
    };
    const text = data(body).map((lines) => lines.map((line) => line.slice("data: ".length)).join("\n"));
    expect(text.join("")).toBe(`${first}é\nend`);
    expect(body).toMatch(/event: end\ndata: completed\n\n$/);
    expect(text[0]).toBe(first);
    expect(body).toContain(`id: 1:${piece - 1}\n`);
    expect((await follow(`1:${piece - 1}`)).body).toBe(
      `event: log\ndata: é\ndata: end\nid: 1:${bytes.length}\n\nevent: end\ndata: completed\n\n`,
    );
  });

  it("of a hand-out that is over ends, though the attempt goes on", async () => {
    const runner = await stackWithRunner("older");
    await postRelease("older", "v1.0.0");
    const job = await runner.job();
    const { attemptId, epoch, nonce } = job;
    // What is no character is the log's too.
    await stub("older").appendLog("older", { attemptId, epoch, nonce }, 0, new Uint8Array([0x61, 0xc3]));
    const stopped = { code: "runner_stopped", message: "switched off" };
    await tellResult(job, { outcome: "failed", infrastructure: true, reason: stopped });
    const headers = { accept: "text/event-stream" };
    const { body } = await call("GET", "/maintenance-attempts/older.1/log?epoch=1", undefined, headers);
    expect(body).toBe("event: log\ndata: a\uFFFD\nid: 1:2\n\nevent: end\ndata: dispatched\n\n");
  });

  it("is followed from one hand-out into the next", async () => {
    const runner = await stackWithRunner("followed");
    await postRelease("followed", "v1.0.0");
    const write = async (text: string) => {
      const { attemptId, epoch, nonce, ...job } = await runner.job();
      await stub("followed").appendLog("followed", { attemptId, epoch, nonce }, 0, new TextEncoder().encode(text));
      return { attemptId, epoch, nonce, ...job };
    };
    const stopped = { code: "runner_stopped", message: "switched off" };
    await tellResult(await write("a long first"), { outcome: "failed", infrastructure: true, reason: stopped });
    await tellResult(await write("second"), { outcome: "completed" });
    const headers = { accept: "text/event-stream", "last-event-id": "1:12" };
    const { body } = await call("GET", "/maintenance-attempts/followed.1/log", undefined, headers);
    expect(body).toBe("event: log\ndata: second\nid: 2:6\n\nevent: end\ndata: completed\n\n");
  });
});

it("does not lose a candidate's report", async () => {
  const runner = await stackWithRunner("reported");
  await postRelease("reported", "v1.0.0");
  const job = await runner.job();
  await tellResult(job, { ...changed(job), report: { ...emptyReport("reported"), warnings: ["x"] } });
  const { attempt, report } = await attemptDetail("reported.1");
  expect(attempt.candidates).toEqual([{ kind: "branch", ref: "refs/heads/patch-moi/reported/v1.0.0", oid: oid(4) }]);
  expect(report?.warnings).toEqual(["x"]);
});
