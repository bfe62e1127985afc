import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { type AttemptResult, RunnerCallback } from "../../worker/contract/runner-wire.ts";
import { systemClock } from "./clock.ts";
import { runJob } from "./run-job.ts";
import { type LoopbackEdge, loopbackEdge, type Reply, type Seen } from "./testing/loopback-edge.ts";
import { type EnvelopeParts, newSecret, type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";
import type { Work, WorkTools } from "./work.ts";

let folder: Scratch;
let edge: LoopbackEdge | undefined;
beforeEach(() => {
  folder = scratch();
});
afterEach(async () => {
  await edge?.close();
  folder[Symbol.dispose]();
});

const completed: AttemptResult = { outcome: "completed", infrastructure: false, candidates: [] };
const applied: Reply = { status: 200, body: { status: "applied", directive: "continue" } };

type Setting = {
  envelope?: EnvelopeParts;
  handBack?: AbortSignal;
  heartbeat?: (count: number) => Reply;
  log?: (seen: Seen, count: number) => Reply;
  work: (tools: WorkTools, envelope: JobEnvelope) => Promise<AttemptResult>;
};

/** Runs one job against a server that keeps what it is told. */
async function run(setting: Setting) {
  const callbackKey = newSecret();
  const envelope = testEnvelope({ callbackKey, heartbeatSeconds: 1, ...setting.envelope });
  const told: RunnerCallback[] = [];
  const kept = { log: Buffer.alloc(0), puts: 0, beats: 0 };
  edge = await loopbackEdge({
    secrets: [callbackKey],
    reply: (seen) => {
      if (seen.method === "PUT") {
        if (setting.log !== undefined) return setting.log(seen, kept.puts++);
        const offset = Number(seen.query.get("offset"));
        const chunk = Buffer.from(seen.body);
        kept.log = Buffer.concat([kept.log.subarray(0, offset), chunk]);
        return { status: 200, body: { ack: kept.log.length } };
      }
      const callback = RunnerCallback.parse(seen.json);
      told.push(callback);
      return callback.type === "attempt.heartbeat" ? (setting.heartbeat?.(kept.beats++) ?? applied) : applied;
    },
  });
  const work: Work = (given, tools) => setting.work(tools, given);
  const end = await runJob(envelope, {
    server: edge.url,
    home: folder.home,
    clock: systemClock,
    work,
    handBack: setting.handBack ?? new AbortController().signal,
    secrets: ["a-secret-of-this-runner"],
    say: () => {},
  });
  const results = told.flatMap((one) => (one.type === "attempt.result" ? [one.data] : []));
  return { end, told, results, kept, envelope, edge };
}

/** Ends when the signal is aborted, as work does that is stopped. */
function untilAborted(tools: WorkTools): Promise<never> {
  return new Promise((_, reject) => {
    tools.signal.addEventListener("abort", () => reject(tools.signal.reason as Error), { once: true });
  });
}

describe("a job", () => {
  test("is reported once, with its claim named, its log first and its files gone", async () => {
    const {
      end,
      told,
      results,
      kept,
      edge: server,
    } = await run({
      work: async (tools) => {
        tools.progress({ stage: "fetch" });
        tools.progress({ stage: "replay", done: 1, total: 2 });
        tools.log("fetching with a-secret-of-this-runner\nsecond line");
        return completed;
      },
    });
    expect(end.delivery).toEqual({ kind: "accepted", status: "" });
    expect(results).toEqual([completed]);
    expect(told.every((one) => one.attemptId === "web.1" && one.epoch === 1 && one.nonce === "nonce-nonce-nonce")).toBe(
      true,
    );
    expect(new Set(told.map(({ seq }) => seq)).size).toBe(told.length);
    const stages = told.flatMap((one) => (one.type === "attempt.progress" ? [one.data.stage] : []));
    expect(stages).toEqual(["fetch", "replay"]);
    const lines = kept.log.toString().trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/^\S+ /, ""))).toEqual([
      "fetching with [redacted]",
      "second line",
      "ended completed",
    ]);
    const put = server.seen.find(({ method }) => method === "PUT");
    expect(put?.path).toBe("/runner/attempts/web.1/log");
    expect(put?.headers.get("x-patch-epoch")).toBe("1");
    expect(put?.headers.get("x-patch-nonce")).toBe("nonce-nonce-nonce");
    expect(readdirSync(folder.home.logs)).toEqual([]);
    expect(readdirSync(folder.home.spool)).toEqual([]);
  });

  test("asks whether it is still ours before a ref moves, and moves none when it is not", async () => {
    const fenced: Reply = { status: 409, body: { error: { code: "fenced", message: "moved on" }, directive: "abort" } };
    const moved: string[] = [];
    const push = (name: string) => async (tools: WorkTools) => {
      await tools.confirm?.();
      moved.push(name);
      return completed;
    };
    const late = await run({ envelope: { heartbeatSeconds: 60 }, heartbeat: () => fenced, work: push("late") });
    expect(late.end.delivery.kind).toBe("claim_lost");
    await edge?.close();
    const held = await run({ envelope: { heartbeatSeconds: 60 }, work: push("held") });
    expect([held.results, held.kept.beats]).toEqual([[completed], 0]);
    expect(held.told.filter(({ type }) => type === "attempt.heartbeat")).toHaveLength(1);
    expect(moved).toEqual(["held"]);
  });

  test("beats while it works, until the server asks to cancel", async () => {
    const cancel: Reply = { status: 200, body: { status: "applied", directive: "cancel" } };
    const { results, kept } = await run({ work: untilAborted, heartbeat: (count) => (count === 0 ? applied : cancel) });
    expect(kept.beats).toBeGreaterThanOrEqual(2);
    expect(results).toMatchObject([{ outcome: "failed", infrastructure: false, reason: { code: "cancelled" } }]);
  });

  test.each(["fenced", "closed"])("stops without a result when its claim is %s", async (code) => {
    const gone: Reply = { status: 409, body: { error: { code, message: "not yours" }, directive: "abort" } };
    const { end, results } = await run({ work: untilAborted, heartbeat: () => gone });
    expect(end).toMatchObject({ delivery: { kind: "claim_lost", message: expect.stringContaining(code) as unknown } });
    expect(results).toEqual([]);
    expect(readdirSync(folder.home.spool)).toEqual([]);
  });

  test("goes back to the server when the runner is stopped for good", async () => {
    const stop = new AbortController();
    const { results } = await run({
      handBack: stop.signal,
      work: (tools) => {
        const ended = untilAborted(tools);
        stop.abort();
        return ended;
      },
    });
    expect(results).toMatchObject([{ outcome: "failed", infrastructure: true, reason: { code: "runner_stopped" } }]);
  });

  test("ends at the attempt's deadline", async () => {
    const deadlineAt = new Date(Date.now() + 50).toISOString();
    const { results } = await run({ work: untilAborted, envelope: { deadlineAt } });
    expect(results).toMatchObject([{ outcome: "failed", reason: { code: "deadline_passed" } }]);
  });

  test("that meets a fault of the runner says so, and may be tried again", async () => {
    const { results } = await run({
      work: () => {
        throw new Error("disk full, said a-secret-of-this-runner");
      },
    });
    expect(results).toMatchObject([{ outcome: "failed", infrastructure: true, reason: { code: "runner_error" } }]);
    expect(results[0]?.reason?.message).toContain("disk full, said [redacted]");
  });
});

describe("its log", () => {
  test("is sent again from where the server has it", async () => {
    let have = 0;
    const offsets: number[] = [];
    const { kept } = await run({
      work: async (tools) => {
        tools.log("x".repeat(600_000));
        return completed;
      },
      log: (seen, count) => {
        const offset = Number(seen.query.get("offset"));
        offsets.push(offset);
        if (count === 2) have = 1000;
        if (offset > have)
          return { status: 416, body: { error: { code: "log_gap", message: "gap", details: { ack: have } } } };
        have = Math.max(have, offset + Buffer.byteLength(seen.body));
        return { status: 200, body: { ack: have } };
      },
    });
    expect(kept.puts).toBeGreaterThan(3);
    expect(offsets[0]).toBe(0);
    expect(offsets[3]).toBe(1000);
    expect(have).toBeGreaterThan(600_000);
  });

  test("may be refused, and the result goes out all the same", async () => {
    const { results } = await run({
      work: async (tools) => {
        tools.log("hello");
        return completed;
      },
      log: () => ({ status: 403, body: { error: { code: "forbidden", message: "no" } } }),
    });
    expect(results).toEqual([completed]);
    expect(readdirSync(folder.home.logs)).toEqual(["web_1-1.log", "web_1-1.log.owner"]);
  });
});
