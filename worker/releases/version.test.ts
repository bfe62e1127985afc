import { describe, expect, it } from "vitest";
import { compareVersions, parseVersion, splitTag } from "./version.ts";

describe("splitTag", () => {
  it.each([
    ["v1.2.3", undefined, "v", "1.2.3"],
    ["1.10", undefined, "", "1.10"],
    ["rust-v0.150.0-alpha.3", undefined, "rust-v", "0.150.0-alpha.3"],
    ["rust-v0.150.0", "rust-v", "rust-v", "0.150.0"],
    ["rel/log4j-2.17.1", "rel/log4j-", "rel/log4j-", "2.17.1"],
    ["RELEASE.2024-01-16T16-07-38Z", undefined, "RELEASE.", "2024-01-16T16-07-38Z"],
  ])("%s at %s", (tag, prefix, before, version) => {
    expect(splitTag(tag, prefix)).toEqual({ prefix: before, version });
  });

  it("finds no version where there is none", () => {
    expect(splitTag("nightly")).toBeUndefined();
    expect(splitTag("rust-v1.0", "v")).toBeUndefined();
    expect(splitTag("rust-vnext", "rust-v")).toBeUndefined();
  });
});

describe("auto", () => {
  it.each([
    ["1.2.3", "semver", false],
    ["1.2.3-rc.1", "semver", true],
    ["1.2.3+build.7", "semver", false],
    ["1.10", "pep440", false],
    ["3.14.0rc2", "pep440", true],
    ["1.0.post1", "pep440", false],
    ["1.0.dev3", "pep440", true],
    ["1.1.1w", "loose", false],
    ["1.1.1a", "loose", false],
    ["16_1", "loose", false],
    ["9.0.0001", "pep440", false],
    ["2024.01.15", "calendar", false],
    ["20240115", "calendar", false],
    ["2024-01-16T16-07-38Z", "calendar", false],
    ["2025.1.0-beta2", "calendar", true],
    ["21.0.2+13", "semver", false],
    ["5_0_0_M1", "loose", true],
  ])("%s is %s", (text, scheme, prerelease) => {
    expect(parseVersion(text, "auto")).toEqual({ scheme, text, prerelease });
  });

  it("refuses what is no version, however long", () => {
    expect(parseVersion("nightly", "auto")).toBeUndefined();
    expect(parseVersion("1".repeat(4096), "auto")).toBeUndefined();
  });
});

describe("order", () => {
  /** Each list goes up, strictly; every pair of it is compared both ways. */
  it.each([
    ["auto", ["1.2.3-alpha.1", "1.2.3-alpha.2", "1.2.3-beta.1", "1.2.3-rc.1", "1.2.3", "1.2.4", "1.10.0", "2.0.0"]],
    ["auto", ["3.14.0a1", "3.14.0b1", "3.14.0rc2", "3.14.0", "3.14.0.post1", "3.14.1"]],
    ["auto", ["1.1.1", "1.1.1a", "1.1.1k", "1.1.1w", "3.0.0-alpha1", "3.0.0", "3.0.1"]],
    ["auto", ["1.9", "1.10", "1.10.1", "1.11"]],
    ["auto", ["2.9.1", "2023.12.1", "2024.01.15", "20240116", "2024.02"]],
    ["auto", ["8_4_0", "8_5_0", "8_10_1"]],
    ["auto", ["9.0.0001", "9.0.0002", "9.0.0100", "9.1.0001"]],
    ["semver", ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]],
    ["pep440", ["1.dev0", "1.0.dev456", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post456", "1.1.dev1", "1!0.1"]],
    ["calendar", ["23.10", "24.04", "24.04.1", "24.10"]],
    ["loose", ["1.0-dev", "1.0-alpha", "1.0-beta1", "1.0-beta2", "1.0-rc1", "1.0", "1.0.1", "1.2"]],
    ["loose", ["20240115103000999999998", "20240115103000999999999"]],
  ] as const)("%s %j", (scheme, versions) => {
    for (const [i, a] of versions.entries()) {
      for (const [j, b] of versions.entries()) {
        expect(`${a} ${b} ${compareVersions(a, b, scheme)}`).toBe(`${a} ${b} ${Math.sign(i - j)}`);
      }
    }
  });

  it("knows equal ones", () => {
    expect(compareVersions("1.0", "1.0.0", "auto")).toBe(0);
    expect(compareVersions("1.0-final", "1.0", "loose")).toBe(0);
    expect(compareVersions("1.0.0+a", "1.0.0+b", "semver")).toBe(0);
  });

  it("has no opinion on what a scheme cannot read", () => {
    expect(compareVersions("1.2", "1.2.3", "semver")).toBeUndefined();
    expect(compareVersions("x", "1.2.3", "pep440")).toBeUndefined();
    expect(compareVersions("123.4", "24.04", "calendar")).toBeUndefined();
  });
});
