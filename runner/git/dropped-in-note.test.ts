import { describe, expect, test } from "vitest";
import { isDroppedInNote } from "./dropped-in-note.ts";

const patch = { oid: "abcdef0123456789abcdef0123456789abcdef01", subject: "fix line 5" };
const longer = { oid: "1234567890123456789012345678901234567890", subject: "fix line 5 and 6 (again)" };
const dropper = { oid: "fedcba9876543210fedcba9876543210fedcba98", subject: "drop the old API" };
const stack = [patch, longer, dropper];

describe("dropped", () => {
  test.each([
    ["dropped: FIX line 5, not needed"],
    ["drop abcdef0"],
    ["Drop fedcba98 abcdef01"],
    ["limits moved to lib; fix line 5 is dropped"],
    ["We dropped ABCDEF012345."],
    ["resolved by hand\n\ndropped:\n- another\n- fix line 5\n"],
    ["Dropped, since upstream has them:\n  1. abcdef0\n"],
  ])("%j", (note) => {
    expect(isDroppedInNote(note, patch, stack)).toBe(true);
  });
});

describe("not dropped, though the note speaks of it", () => {
  test.each([
    [""],
    ["resolved by hand"],
    ["fix line 5 moved to lib/limits.cjs"],
    ["fix line 5 was not dropped"],
    ["don't drop fix line 5"],
    ["abcdef0 resolved. Dropped an import"],
    ["drop abcdef"],
    ["drop 0abcdef0"],
    ["dropped fix line 5 and 6 (again)"],
    ["kept fix line 5, drop the old API"],
    ["dropped:\n- another\n\nkept:\n- fix line 5"],
    ["backdropped fix line 5"],
    ["drop prefix line 51"],
  ])("%j", (note) => {
    expect(isDroppedInNote(note, patch, stack)).toBe(false);
  });
});

test("a patch whose own subject says drop is dropped only when the note does", () => {
  expect(isDroppedInNote("drop the old API: resolved", dropper, stack)).toBe(false);
  expect(isDroppedInNote("dropped: drop the old API", dropper, stack)).toBe(true);
});
