import { expect, test } from "vitest";
import type { Advisory, VersionRange } from "../contract/advisory.ts";
import { ReleasePolicy } from "../contract/stack.ts";
import { fixingRelease, isAffected } from "./affected.ts";

const policy = ReleasePolicy.parse({});
const about = (ranges: VersionRange[], versions: string[] = []): Advisory => ({
  id: "GHSA-1",
  aliases: [],
  affected: [{ ranges, versions }],
  key: "GHSA-1@x",
});

test.each([
  [[{ fixed: "1.2.3" }], [], "v1.2.2", "yes"],
  [[{ fixed: "1.2.3" }], [], "v1.2.3", "no"],
  [[{ fixed: "1.2.3" }], [], "rust-v1.10.0", "no"],
  [[{ introduced: "1.3.0", fixed: "1.4.0" }], [], "v1.2.9", "no"],
  [[{ introduced: "1.3.0", lastAffected: "1.4.0" }], [], "1.4.0", "yes"],
  [[{ introduced: "1.3.0", lastAffected: "1.4.0" }], [], "1.4.1", "no"],
  [[{ fixed: "1.0.0" }, { introduced: "2.0.0" }], [], "v2.5.0", "yes"],
  [[{}], [], "v0.0.1", "yes"],
  [[], ["1.5.0"], "v1.5.0", "yes"],
  [[], ["1.5.0"], "v1.6.0", "no"],
  [[], [], "v1.5.0", "unknown"],
  [[{ fixed: "next week" }], [], "v1.5.0", "unknown"],
  [[{ fixed: "1.0" }], [], "nightly", "unknown"],
] as const)("ranges %j and versions %j: %s is affected: %s", (ranges, versions, tag, wanted) => {
  expect(isAffected(about([...ranges], [...versions]), tag, policy)).toBe(wanted);
});

test("the fix is the newest release that may be followed, never one that may be affected or a step back", () => {
  const advisory = about([{ fixed: "1.4.1" }, { introduced: "2.0.0", fixed: "2.0.1" }]);
  const tags = ["v1.3.9", "v1.4.0", "v1.4.1", "v1.5.0", "v2.0.0", "v2.1.0-rc.1", "docs"];
  expect(fixingRelease(advisory, tags, policy, "v1.4.0")).toBe("v1.5.0");
  expect(fixingRelease(advisory, tags, policy, undefined)).toBe("v1.5.0");
  expect(fixingRelease(advisory, tags, policy, "v1.5.0")).toBeUndefined();
  expect(fixingRelease(about([{}]), tags, policy, "v1.4.0")).toBeUndefined();
  expect(fixingRelease(about([]), tags, policy, "v1.4.0")).toBeUndefined();
});
