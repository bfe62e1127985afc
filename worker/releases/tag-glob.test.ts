import { describe, expect, it } from "vitest";
import { matchesGlob } from "./tag-glob.ts";

describe("matchesGlob", () => {
  it.each([
    ["v*", ["v1", "v", "v1/2", "v.1"], ["1v", "xv1"]],
    ["*", ["a", ".a", "a/b/.c"], []],
    ["**/x", ["x", "a/x", "a/b/x", "/x"], ["ax", "a/xy"]],
    ["v?.?", ["v1.2"], ["v1.", "v12.3", "v1x2"]],
    ["v[0-9]*.[0-9]*", ["v1.2", "v10.20.3"], ["vx.1", "v1.x"]],
    ["v[!0]*", ["v1", "v1.0"], ["v0", "v"]],
    ["v[^0]", ["v1"], ["v0"]],
    ["[[:digit:]]*", ["1.0"], ["v1", "[1"]],
    ["[]a]x", ["]x", "ax"], ["bx"]],
    ["[a-]x", ["-x", "ax"], ["bx"]],
    ["rel/{1,2}.*", ["rel/1.0", "rel/2.5"], ["rel/3.0"]],
    ["{v,r{c,el}-}*", ["v1", "rc-1", "rel-1"], ["x1", "r-1"]],
    ["v{1..3}", ["v1", "v3"], ["v4", "v1..3"]],
    ["v{1}", ["v{1}"], ["v1"]],
    ["v{1,2", ["v{1,2"], ["v1"]],
    ["v[1", ["v[1"], ["v1"]],
    ["\\*x\\[", ["*x["], ["ax["]],
    ["\\{a,b}", ["{a,b}"], ["a"]],
    ["v1.0", ["v1.0"], ["v1x0"]],
    ["ü?*", ["ü😀", "üab"], ["ü"]],
  ] as const)("%s", (glob, yes, no) => {
    for (const tag of yes) expect([tag, matchesGlob(glob, tag)]).toEqual([tag, true]);
    for (const tag of no) expect([tag, matchesGlob(glob, tag)]).toEqual([tag, false]);
  });

  // As regular expressions these would take longer than any test may.
  it("answers for a tag that was made to be slow", () => {
    const tag = "-".repeat(250);
    for (const glob of [
      `${"*-".repeat(90)}x`,
      `${"[-a]*".repeat(40)}x`,
      `${"{-,a}*".repeat(30)}x`,
      `${"?*".repeat(99)}x`,
    ])
      expect(matchesGlob(glob, tag)).toBe(false);
    expect(matchesGlob(`${"*-".repeat(90)}*`, tag)).toBe(true);
  });
});
