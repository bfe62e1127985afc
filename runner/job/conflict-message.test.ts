import { expect, test } from "vitest";
import { conflictCount } from "./conflict-message.ts";

test.each([
  [1, 1, "the only patch conflicts"],
  [1, 2, "1 of 2 patches conflicts"],
  [2, 2, "both patches conflict"],
  [2, 3, "2 of 3 patches conflict"],
  [4, 4, "all 4 patches conflict"],
])("%i of %i", (conflicted, all, text) => {
  expect(conflictCount(conflicted, all)).toBe(text);
});
