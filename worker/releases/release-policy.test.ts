import { describe, expect, it } from "vitest";
import { ReleasePolicy } from "../contract/stack.ts";
import { compareTags, decideRelease } from "./release-policy.ts";

const policy = (input: Partial<ReleasePolicy> = {}): ReleasePolicy => ReleasePolicy.parse(input);

describe("decideRelease", () => {
  it.each([
    [{}, "v1.2.3", undefined, "passed"],
    [{}, "v1.2.3-rc.1", undefined, "prerelease"],
    [{}, "v1.2.3-rc.1", false, "passed"],
    [{}, "v1.2.3", true, "prerelease"],
    [{ prereleases: true }, "v1.2.3", true, "passed"],
    [{}, "nightly", undefined, "no_version"],
    [{ include: ["rust-v*"] }, "rust-v0.1.0", undefined, "passed"],
    [{ include: ["rust-v*"] }, "codex-rs-v0.1.0", undefined, "not_included"],
    [{ include: ["rust-v*"], exclude: ["*-alpha*"] }, "rust-v0.1.0-alpha.1", undefined, "excluded"],
    [{ include: ["*"] }, "rel/1.0.0", undefined, "passed"],
    [{ include: ["rel/{1,2}.*"] }, "rel/2.0.0", undefined, "passed"],
    [{ include: ["!v1*"] }, "v2.0.0", undefined, "not_included"],
    [{ include: ["v[0-9]*"] }, "v2.0.0", undefined, "passed"],
    [{ include: ["v1.0.0"] }, "v1x0x0", undefined, "not_included"],
    [{ prefix: "rust-v" }, "v1.0.0", undefined, "other_prefix"],
    [{ prefix: "rust-v" }, "rust-vnext", undefined, "no_version"],
    [{ scheme: "semver" }, "v1.2", undefined, "no_version"],
  ] as const)("%j %s flagged %s: %s", (input, tag, flag, code) => {
    const decision = decideRelease(policy(input as Partial<ReleasePolicy>), tag, flag);
    expect(decision.code).toBe(code);
    expect(decision.pass).toBe(code === "passed");
    expect(decision.message).toContain(tag);
  });

  it("says when the version's suffix was all it had to go by", () => {
    expect(decideRelease(policy(), "v1.0.0-rc.1").message).toContain("looks like a prerelease");
    expect(decideRelease(policy(), "v1.0.0", true).message).toContain("marked as a prerelease upstream");
  });
});

describe("compareTags", () => {
  it("compares within one release line only", () => {
    expect(compareTags(policy(), "v1.0.0", "v1.0.1")).toBe(-1);
    expect(compareTags(policy(), "0.1.3", "v0.2.0")).toBe(-1);
    expect(compareTags(policy(), "rust-v2.0.0", "v1.0.0")).toBeUndefined();
    expect(compareTags(policy({ prefix: "rust-v" }), "rust-v2.0.0", "rust-v1.0.0")).toBe(1);
    expect(compareTags(policy({ prefix: "rust-v" }), "v2.0.0", "rust-v1.0.0")).toBeUndefined();
    expect(compareTags(policy(), "nightly", "v1.0.0")).toBeUndefined();
    expect(compareTags(policy(), "v1.0.0", "v1.0.0")).toBe(0);
  });
});
