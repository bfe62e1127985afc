import { expect, it } from "vitest";
import type { CommitCheck } from "../forges/forge.ts";
import { judgeChecks } from "./check-verdict.ts";

const is = (name: string, state: CommitCheck["state"], url?: string): CommitCheck => ({
  name,
  state,
  ...(url === undefined ? {} : { url }),
});
const own = is("patch.moi/s", "succeeded");

it.each([
  ["nothing has reported", [], [], "pending", "no check has reported"],
  ["only our own word", [own], [], "pending", "no check has reported"],
  ["another stack's word", [is("patch.moi/t", "failed")], [], "failed", "'patch.moi/t'"],
  ["all green", [own, is("ci", "succeeded"), is("lint", "succeeded")], [], "passed", "all 2 checks"],
  ["one still runs", [is("ci", "pending"), is("lint", "succeeded")], [], "pending", "1 of 2 checks: 'ci'"],
  [
    "one is red while others run",
    [is("ci", "pending"), is("lint", "failed", "https://x.test/1")],
    [],
    "failed",
    "'lint' (https://x.test/1)",
  ],
  ["the required one is green", [is("ci", "succeeded"), is("lint", "failed")], ["ci"], "passed", "the one check"],
  ["the required one never came", [is("lint", "succeeded")], ["ci"], "pending", "'ci'"],
  ["one of two that are called the same is red", [is("ci", "succeeded"), is("ci", "failed")], ["ci"], "failed", "'ci'"],
] as const)("%s", (_, checks, required, kind, words) => {
  expect(judgeChecks(checks, "s", required)).toMatchObject({
    kind,
    message: expect.stringContaining(words) as unknown,
  });
});

it("is certain only of checks that were named", () => {
  const checks = [is("ci", "succeeded")];
  expect([judgeChecks(checks, "s", []), judgeChecks(checks, "s", ["ci"])]).toMatchObject([
    { settled: false },
    { settled: true },
  ]);
});
