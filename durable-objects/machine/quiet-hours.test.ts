import { describe, expect, it } from "vitest";
import { StackPolicy } from "../../worker/contract/stack.ts";
import { afterQuietHours, leavesAt } from "./quiet-hours.ts";

const night = { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" };

function after(quiet: typeof night, at: string): string {
  return new Date(afterQuietHours(quiet, Date.parse(at))).toISOString();
}

describe("what falls into quiet hours leaves at their end", () => {
  it.each([
    ["before them", night, "2026-01-15T20:59:59.000Z", "2026-01-15T20:59:59.000Z"],
    ["as they begin", night, "2026-01-15T21:00:00.000Z", "2026-01-16T06:00:00.000Z"],
    ["after midnight", night, "2026-01-16T03:30:12.345Z", "2026-01-16T06:00:00.000Z"],
    ["as they end", night, "2026-01-16T06:00:00.000Z", "2026-01-16T06:00:00.000Z"],
    ["in summer", night, "2026-07-15T22:00:00.000Z", "2026-07-16T05:00:00.000Z"],
    ["in the night that is an hour shorter", night, "2026-03-28T22:00:00.000Z", "2026-03-29T05:00:00.000Z"],
    ["in the night that is an hour longer", night, "2026-10-24T21:00:00.000Z", "2026-10-25T06:00:00.000Z"],
    ["by day", { ...night, from: "12:00", to: "13:30" }, "2026-01-15T11:15:00.000Z", "2026-01-15T12:30:00.000Z"],
  ])("%s", (_, quiet, at, leaves) => {
    expect(after(quiet, at)).toBe(leaves);
  });

  it("without any, at once", () => {
    expect(afterQuietHours(undefined, 42)).toBe(42);
  });
});

describe("what is told together leaves at one moment", () => {
  const { notify } = StackPolicy.parse({ notify: { groupMinutes: 15, quietHours: night } });
  const leaves = (at: string) => new Date(leavesAt(notify, Date.parse(at))).toISOString();

  it.each([
    ["at the end of its quarter of an hour", "2026-01-15T12:00:00.000Z", "2026-01-15T12:15:00.000Z"],
    ["and no sooner however late in it", "2026-01-15T12:14:59.999Z", "2026-01-15T12:15:00.000Z"],
    ["in the morning, when that end is in the night", "2026-01-15T20:59:00.000Z", "2026-01-16T06:00:00.000Z"],
    ["with all else of the night", "2026-01-16T05:50:00.000Z", "2026-01-16T06:00:00.000Z"],
  ])("%s", (_, at, expected) => {
    expect(leaves(at)).toBe(expected);
  });

  it("at once without a group", () => {
    expect(leavesAt(StackPolicy.parse({}).notify, 42)).toBe(42);
  });
});
