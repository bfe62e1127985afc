import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveName } from "./local-ref.ts";
import { forkOfTwentyLines, release, type TestRepository } from "./testing/test-repository.ts";

let r: TestRepository;
beforeAll(() => {
  r = forkOfTwentyLines();
  r.write("other", "x\n").commit("a fix: with a colon");
  release(r);
  r.git("tag", "-a", "-m", "note", "noted");
  r.git("tag", "fork", "v1");
});
afterAll(() => r[Symbol.dispose]());

const any = (expressions: boolean) => ({ kind: "any" as const, expressions });

describe("expressions", () => {
  test.each([
    ["main~1"],
    ["v2^"],
    ["noted~1^0"],
    ["HEAD~1"],
    ["@^"],
    ["main@{0}~1"],
    ["main^{/a fix}"],
    [":/a fix: with"],
  ])("%s is the commit that git takes it for", async (name) => {
    const answer = await resolveName(r.gitDir, name, any(true));
    expect(answer).toEqual({ ok: true, found: { name, oid: r.oid("v2~1") } });
  });

  test.each([
    ["a range", "v1..v2", "bad_ref_name"],
    ["a symmetric range", "v1...v2", "bad_ref_name"],
    ["an exclusion", "^v1", "bad_ref_name"],
    ["an option", "--upload-pack=touch", "bad_ref_name"],
    ["an option with an ancestor", "-x~1", "bad_ref_name"],
    ["two lines", "v1~0\ncontents v1", "bad_ref_name"],
    ["a control character", "v1~0\u001b[2J", "bad_ref_name"],
    ["nothing", "", "bad_ref_name"],
    ["all parents", "v2^@", "ref_missing"],
    ["no such ancestor", "v1~9", "ref_missing"],
    ["a file", "v1:a", "ref_missing"],
    ["a folder", "v1^{tree}", "ref_missing"],
  ])("%s is refused", async (_, name, code) => {
    expect(await resolveName(r.gitDir, name, any(true))).toMatchObject({ ok: false, reason: { code } });
  });

  test("only where they are asked for", async () => {
    expect(await resolveName(r.gitDir, "main~1", any(false))).toMatchObject({ reason: { code: "bad_ref_name" } });
  });
});

test("a name of both is a branch where one is wanted, a tag otherwise; an annotated tag is named", async () => {
  const found = async (name: string, kind: "branch" | "any") => {
    const answer = await resolveName(r.gitDir, name, { kind, expressions: true });
    return answer.ok ? answer.found : answer.reason;
  };
  expect(await found("fork", "branch")).toEqual({ name: "fork", oid: r.oid("refs/heads/fork") });
  expect(await found("fork", "any")).toEqual({ name: "fork", oid: r.oid("v1") });
  expect(await found("noted", "any")).toEqual({ name: "noted", oid: r.oid("v2"), tagOid: r.git("rev-parse", "noted") });
});
