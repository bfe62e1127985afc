import { describe, expect, it } from "vitest";
import { nextPollAt } from "./poll-schedule.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const wait = (intervalSeconds: number, failures: number, random = 0.5, retryAfterSeconds?: number): number =>
  (Date.parse(nextPollAt({ intervalSeconds, failures, retryAfterSeconds, now, random })) - now) / 1000;

describe("nextPollAt", () => {
  it("keeps the interval, spread a little where it is long", () => {
    expect(wait(5, 0, 0)).toBe(5);
    expect(wait(5, 0, 0.99)).toBe(5);
    expect([wait(300, 0, 0), wait(300, 0, 0.5), wait(300, 0, 1)]).toEqual([285, 300, 315]);
  });

  it("backs off from failures, near the interval first, to six hours", () => {
    expect([1, 2, 3, 4].map((failures) => wait(2, failures))).toEqual([2, 4, 8, 16]);
    expect(wait(300, 60)).toBe(6 * 3600);
    expect(wait(86_400, 3)).toBe(86_400);
    expect([wait(10, 1, 0), wait(10, 1, 1)]).toEqual([8, 12]);
  });

  it("waits as long as the server asks", () => {
    expect(wait(5, 1, 0.5, 3600)).toBe(3600);
    expect(wait(300, 3, 0.5, 1)).toBe(1200);
  });
});
