import { describe, expect, test } from "vitest";
import { describeRemote } from "./remote.ts";

const fork = "https://forge.example/us/app.git";
const env = { PATCH_MOI_GIT_TOKEN: "the-token" };
const helped = (user: string) => ({ PATCH_MOI_HELPER_USER: user, PATCH_MOI_HELPER_PASSWORD: "the-token" });

describe("the runner's credential", () => {
  test("goes to the fork's host, through git's environment", () => {
    const { config, env: given, protocols } = describeRemote("the fork", fork, fork, env).options;
    expect(Object.keys(config ?? {})).toEqual(["credential.https://forge.example.helper"]);
    expect(JSON.stringify(config)).not.toContain("the-token");
    expect(given).toEqual(helped("x-access-token"));
    expect(protocols).toEqual(["https"]);
  });

  test.each([
    ["another host", "https://upstream.example/app.git", env],
    ["a host that only looks like it", "https://forge.example.evil.example/app.git", env],
    ["another port", "https://forge.example:8443/app.git", env],
    ["an unencrypted one", "http://forge.example/us/app.git", env],
    ["a host that the operator left out", fork, { ...env, PATCH_MOI_GIT_HOSTS: "other.example" }],
    ["ssh, which has its own", "ssh://git@forge.example/us/app.git", env],
    ["anybody when there is none", fork, {}],
  ])("does not go to %s", (_, url, given) => {
    const { config, env: none } = describeRemote("it", url, fork, given).options;
    expect([config, none]).toEqual([undefined, undefined]);
  });

  test("goes where the operator says, under the name he says", () => {
    const given = { ...env, PATCH_MOI_GIT_HOSTS: "upstream.example, forge.example", PATCH_MOI_GIT_USER: "bot" };
    const { config, env: passed } = describeRemote("upstream", "https://upstream.example/app.git", fork, given).options;
    expect(Object.keys(config ?? {})).toEqual(["credential.https://upstream.example.helper"]);
    expect(passed).toEqual(helped("bot"));
  });
});
