import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { deliver, parseRetryAfter, retryDelayMs, type SignedMessage } from "./delivery.ts";
import { loopbackEdge, type Reply } from "./testing/loopback-edge.ts";
import { newSecret } from "./testing/scratch.ts";
import { TestClock } from "./testing/test-clock.ts";

const secret = newSecret();

function message(server: URL): SignedMessage {
  const body = new TextEncoder().encode('{"hello":"edge"}');
  const url = new URL("webhooks/runner", server);
  return { method: "POST", url, id: randomUUID(), secret, body, contentType: "application/json" };
}

function replies(...given: Reply[]) {
  return (_: unknown, index: number): Reply => given[Math.min(index, given.length - 1)] ?? "drop";
}

describe("deliver", () => {
  test("repeats the same id and bytes, freshly signed, after a cut line, a 503 and a 429", async () => {
    const clock = new TestClock();
    await using edge = await loopbackEdge({
      secrets: [secret],
      now: () => clock.now(),
      reply: replies(
        "drop",
        { status: 503 },
        { status: 429, headers: { "retry-after": "90" } },
        { status: 200, body: { ok: 1 } },
      ),
    });
    const sent = await deliver(message(edge.url), { clock });
    expect(sent).toEqual({ kind: "accepted", status: 200, body: { ok: 1 } });
    expect(clock.waits).toEqual([5000, 15_000, 90_000]);
    expect(new Set(edge.seen.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(edge.seen.map(({ body }) => body)).size).toBe(1);
    expect(new Set(edge.seen.map(({ headers }) => headers.get("webhook-timestamp"))).size).toBe(4);
  });

  test("goes on every five minutes when the schedule is used up", async () => {
    const clock = new TestClock();
    const reply = replies(...Array.from({ length: 7 }, (): Reply => ({ status: 500 })), { status: 200 });
    await using edge = await loopbackEdge({ secrets: [secret], now: () => clock.now(), reply });
    await deliver(message(edge.url), { clock });
    expect(clock.waits.map((wait) => wait / 1000)).toEqual([5, 15, 60, 300, 300, 300, 300]);
  });

  test("stops at a refusal and says its code", async () => {
    const clock = new TestClock();
    const refusal = { status: 422, body: { error: { code: "unprocessable", message: "data.outcome: wrong" } } };
    await using edge = await loopbackEdge({ secrets: [secret], now: () => clock.now(), reply: () => refusal });
    const sent = await deliver(message(edge.url), { clock });
    expect(sent).toMatchObject({ kind: "refused", status: 422, code: "unprocessable", message: "data.outcome: wrong" });
    expect(edge.seen).toHaveLength(1);
  });

  test("a server that does not know the secret refuses", async () => {
    const clock = new TestClock();
    await using edge = await loopbackEdge({
      secrets: [newSecret()],
      now: () => clock.now(),
      reply: () => ({ status: 200 }),
    });
    expect(await deliver(message(edge.url), { clock })).toMatchObject({ kind: "refused", status: 401 });
  });

  test("gives up when its time is over, and at once when stopped", async () => {
    const clock = new TestClock();
    await using edge = await loopbackEdge({
      secrets: [secret],
      now: () => clock.now(),
      reply: () => ({ status: 503 }),
    });
    expect(await deliver(message(edge.url), { clock, giveUpAfterMs: 30_000 })).toMatchObject({ kind: "unanswered" });
    expect(edge.seen).toHaveLength(3);
    const stopped = await deliver(message(edge.url), { clock, signal: AbortSignal.abort() });
    expect(stopped.kind).toBe("unanswered");
    expect(edge.seen).toHaveLength(3);
  });

  test("tries a server that is not there again", async () => {
    const clock = new TestClock();
    const edge = await loopbackEdge({ secrets: [secret], reply: () => ({ status: 200 }) });
    await edge.close();
    const sent = await deliver(message(edge.url), { clock, giveUpAfterMs: 10_000 });
    expect(sent).toMatchObject({ kind: "unanswered", message: expect.stringContaining("ECONNREFUSED") as unknown });
    expect(clock.waits).toEqual([5000]);
  });
});

test("delays vary by a fifth either way", () => {
  expect(retryDelayMs(1, 0)).toBe(4000);
  expect(retryDelayMs(1, 1)).toBe(6000);
  expect(retryDelayMs(9, 0.5)).toBe(300_000);
  expect(retryDelayMs(1, 0.5, 10_000_000)).toBe(3_600_000);
});

test("Retry-After comes as seconds or as a date", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  expect(parseRetryAfter("7", now)).toBe(7);
  expect(parseRetryAfter("Sun, 22 Nov 2026 12:01:00 GMT", now)).toBe(60);
  expect(parseRetryAfter("soon", now)).toBeUndefined();
  expect(parseRetryAfter(null, now)).toBeUndefined();
});
