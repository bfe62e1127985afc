/**
 * What may not be: reports of a shape that no runner should send, and operators' commands that the
 * attempt's state does not allow. Each leaves the attempt as it was.
 */
import { beforeAll, describe, expect, it } from "vitest";
import {
  attemptDetail,
  call,
  changed,
  oid,
  postRelease,
  releaseEventId,
  signed,
  stackWithRunner,
  tell,
  tellResult,
} from "../harness/edge/client.ts";
import { MAX_CALLBACK_BODY } from "../worker/contract/primitives.ts";
import type { JobEnvelope } from "../worker/contract/runner-wire.ts";
import { emptyReport } from "../worker/contract/testing/empty-report.ts";

const reason = { code: "conflict", message: "two patches conflict" };
const branch = { kind: "branch", ref: "refs/heads/x", oid: oid(4) };

describe("a report that may not be", () => {
  let job: JobEnvelope;
  beforeAll(async () => {
    const runner = await stackWithRunner("report");
    await postRelease("report", "v1.0.0");
    job = await runner.job();
  });

  const envelope = () => {
    const { attemptId, epoch, nonce } = job;
    return { type: "attempt.result", attemptId, epoch, nonce, seq: 1, data: { outcome: "completed" } };
  };

  it.each<[string, unknown, RegExp]>([
    ["changed without a candidate", { outcome: "changed" }, /candidates: .*needs a candidate or a landing/],
    ["an unknown outcome", { outcome: "finished" }, /outcome/],
    ["no outcome", {}, /outcome/],
    ["an unknown field", { outcome: "completed", extra: 1 }, /extra/],
    ["a misspelt field", { outcome: "changed", candidate: [branch] }, /candidate/],
    ["failed without a reason", { outcome: "failed" }, /reason/],
    ["blocked without a reason", { outcome: "blocked" }, /reason/],
    ["needs_intervention without a reason", { outcome: "needs_intervention" }, /reason/],
    ["a reason without a code", { outcome: "failed", reason: { message: "no" } }, /code/],
    [
      "a reason that is a novel",
      { outcome: "failed", reason: { code: "failed", message: "x".repeat(5000) } },
      /message/,
    ],
    ["an oid that is a name", { outcome: "changed", candidates: [{ ...branch, oid: "HEAD" }] }, /object id/],
    ["an oid in capitals", { outcome: "changed", candidates: [{ ...branch, oid: "A".repeat(40) }] }, /object id/],
    ["a shortened oid", { outcome: "changed", candidates: [{ ...branch, oid: oid(4).slice(0, 12) }] }, /object id/],
    ["a landing at no oid", { outcome: "changed", landed: { branch: "x", from: "zero", to: oid(1) } }, /landed/],
    ["too many candidates", { outcome: "changed", candidates: Array.from({ length: 21 }, () => branch) }, /candidates/],
    [
      "a report without its patches",
      { outcome: "completed", report: { ...emptyReport("report"), patches: [{}] } },
      /patches/,
    ],
    ["a report with an unknown field", { outcome: "completed", report: { ...emptyReport("report"), more: 1 } }, /more/],
    ["data that is a list", [], /data/],
    ["data that is text", "completed", /data/],
  ])("422: %s", async (_, data, message) => {
    const answer = await tell(job, { type: "attempt.result", data });
    expect([answer.status, answer.body]).toMatchObject([422, { error: { code: "unprocessable" } }]);
    expect(JSON.stringify(answer.body)).toMatch(message);
  });

  it.each<[string, object, number]>([
    ["an unknown field beside data", { more: 1 }, 422],
    ["an unknown type", { type: "attempt.ended" }, 422],
    ["no type", { type: undefined }, 422],
    ["a negative seq", { seq: -1 }, 422],
    // The key belongs to one claim: under it no other can be named.
    ["another attempt", { attemptId: "report.2" }, 401],
    ["an attempt of no stack", { attemptId: "nothing.1" }, 401],
    ["an id that is none", { attemptId: "report" }, 401],
    ["a later epoch", { epoch: 2 }, 401],
    ["an epoch that is none", { epoch: 0 }, 401],
    ["an epoch as text", { epoch: "1" }, 401],
    ["another nonce", { nonce: crypto.randomUUID() }, 401],
  ])("%s: %o", async (_, over, status) => {
    const answer = await signed("/webhooks/runner", job.callbackKey, { ...envelope(), ...over });
    expect(answer.status).toBe(status);
  });

  it("413 over the limit, 415 for what is not called JSON", async () => {
    const padded = JSON.stringify({
      ...envelope(),
      data: { outcome: "completed", pad: "x".repeat(MAX_CALLBACK_BODY) },
    });
    expect((await signed("/webhooks/runner", job.callbackKey, padded)).status).toBe(413);
    const text = await signed("/webhooks/runner", job.callbackKey, envelope(), "t", { "content-type": "text/plain" });
    expect(text.status).toBe(415);
  });

  it("leaves the attempt running, with nothing on its timeline, and a good report ends it", async () => {
    const { attempt, timeline } = await attemptDetail("report.1");
    expect(attempt.status).toBe("running");
    expect(timeline.map((entry) => entry.to)).toEqual(["queued", "dispatched", "running"]);
    expect((await tellResult(job, changed(job))).body).toMatchObject({ status: "applied", attemptStatus: "changed" });
  });
});

describe("an operator who asks for what cannot be is told what can", () => {
  const event = (stackId: string, action: string) =>
    call("POST", `/flow-events/${encodeURIComponent(releaseEventId(stackId, "v1.0.0"))}/${action}`);
  const attempt = (id: string, action: string, body?: unknown) =>
    call("POST", `/maintenance-attempts/${id}/${action}`, body);

  beforeAll(async () => {
    for (const id of ["waiting", "going", "done", "stuck", "landed"]) {
      const runner = await stackWithRunner(id);
      await postRelease(id, "v1.0.0");
      if (id === "waiting") continue;
      const job = await runner.job();
      if (id === "done") await tellResult(job, { outcome: "completed" });
      if (id === "landed") await tellResult(job, changed(job));
      if (id === "stuck") await tellResult(job, { outcome: "needs_intervention", reason });
    }
    await attempt("landed.1", "land");
  });

  it.each<[string, () => ReturnType<typeof call>, string, RegExp]>([
    ["retry what is dispatched", () => event("waiting", "retry"), "not_retryable", /dispatched.*cancel it first/],
    ["retry what runs", () => event("going", "retry"), "not_retryable", /running.*cancel it first/],
    ["retry what went well", () => event("done", "retry"), "not_retryable", /completed.*use replay/],
    ["resume what runs", () => attempt("going.1", "resume", { note: "x" }), "not_resumable", /running.*cancel it/],
    ["resume what ended", () => attempt("done.1", "resume", { note: "x" }), "not_resumable", /retry or replay/],
    ["dismiss what runs", () => attempt("going.1", "dismiss", { note: "x" }), "not_dismissable", /cancel it instead/],
    ["dismiss what ended", () => attempt("done.1", "dismiss", { note: "x" }), "not_dismissable", /retry or replay/],
    ["cancel what ended", () => attempt("done.1", "cancel"), "not_cancellable", /completed.*retry or replay/],
    ["land what runs", () => attempt("going.1", "land"), "not_landable", /running.*replay its event/],
    ["land what changed nothing", () => attempt("done.1", "land"), "not_landable", /completed.*replay its event/],
    ["land what waits for a person", () => attempt("stuck.1", "land"), "not_landable", /needs_intervention.*replay/],
    ["land what is being landed", () => attempt("landed.1", "land"), "not_landable", /landed\.2 is landing it/],
    ["land a landing", () => attempt("landed.2", "land"), "not_landable", /land the attempt landed\.1/],
    ["delete a stack at work", () => call("DELETE", "/stacks/going"), "in_use", /cancel or dismiss it first/],
  ])("%s", async (_, ask, code, message) => {
    const answer = await ask();
    expect([answer.status, answer.body]).toMatchObject([409, { error: { code } }]);
    expect((answer.body as { error: { message: string } }).error.message).toMatch(message);
  });

  it("404 for what is not there, 400 for what is malformed", async () => {
    expect((await event("nowhere", "retry")).status).toBe(404);
    expect((await attempt("done.99", "cancel")).status).toBe(404);
    expect((await attempt("stuck.1", "resume", {})).status).toBe(400);
    expect((await attempt("stuck.1", "resume", { note: "x", more: 1 })).status).toBe(400);
    expect((await attempt("stuck.1", "dismiss", { note: "" })).status).toBe(400);
  });

  it("leaves everything as it was", async () => {
    const states = await Promise.all(["waiting.1", "going.1", "done.1", "stuck.1"].map((id) => attemptDetail(id)));
    expect(states.map((detail) => detail.attempt.status)).toEqual([
      "dispatched",
      "running",
      "completed",
      "needs_intervention",
    ]);
  });
});
