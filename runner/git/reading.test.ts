import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { ByteReader } from "./byte-reader.ts";
import { parseCommit, rewriteCommit } from "./commit.ts";
import { conflictRegions, conflictSubject } from "./conflict-region.ts";
import { readMergeAnswer } from "./merge-answer.ts";
import { unquotePath } from "./quoted-path.ts";
import { upstreamTag, withoutTag } from "./upstream-tag.ts";
import { abilitiesOf, isNewEnough, parseGitVersion } from "./version.ts";

test("the versions of git, and what they can do", () => {
  const versions = ["git version 2.39.5 (Apple Git-154)", "git version 2.50.1.windows.1", "git version 2.38.0-rc1"];
  expect(versions.map(parseGitVersion).map((v) => v?.text)).toEqual(["2.39.5", "2.50.1.windows.1", "2.38.0-rc1"]);
  expect(parseGitVersion("hub 2")).toBeUndefined();
  const can = (text: string) => abilitiesOf(parseGitVersion(`git version ${text}`) ?? { major: 0, minor: 0, text });
  expect(can("2.38.1")).toMatchObject({ mergeTreeStdin: false });
  expect(can("2.39.5")).toMatchObject({ mergeTreeStdin: true, mergeTreeOfTrees: false, mergeTreeFlushes: false });
  expect(can("3.0.0")).toMatchObject({ mergeTreeStdin: true, mergeTreeOfTrees: true, mergeTreeFlushes: true });
  expect(isNewEnough({ major: 2, minor: 37, text: "" })).toBe(false);
});

describe("subjects with a rule", () => {
  test.each([
    ["UPSTREAM: <carry>: ours", { rule: "carry" }],
    ["UPSTREAM: <drop>: temporary", { rule: "drop" }],
    ["UPSTREAM: 12345: from a pull request", { rule: "pull_request", number: 12345 }],
    ["UPSTREAM: <12345>: the same", { rule: "pull_request", number: 12345 }],
    ["UPSTREAM <drop> no colon", undefined],
    ["drop UPSTREAM: <drop>: not in front", undefined],
    ["UPSTREAM: 12th edition", undefined],
  ])("%s", (subject, tag) => {
    expect(upstreamTag(subject)).toEqual(tag);
  });

  test("without the rule it is the subject that upstream would use", () => {
    expect(withoutTag("UPSTREAM: <carry>: fix it")).toBe("fix it");
    expect(withoutTag("UPSTREAM: 12: fix it")).toBe("fix it");
  });
});

test("paths as git quotes them", () => {
  expect(unquotePath("plain")).toBe("plain");
  expect(unquotePath('"a\\tb\\\\c\\"d\\001"')).toBe('a\tb\\c"d\u0001');
  expect(unquotePath(Buffer.from("größe").toString("latin1"))).toBe("größe");
});

describe("commits", () => {
  const text = [
    "tree 1111111111111111111111111111111111111111",
    "parent 2222222222222222222222222222222222222222",
    "author A <a@x> 1700000000 -0700",
    "committer B <b@x> 1800000000 +0100",
    "gpgsig -----BEGIN",
    " ",
    " x",
    "change-id abc",
    "",
    "two lines",
    "of subject",
    "",
    "body",
    "",
  ].join("\n");

  test("are read: subject on one line, signature known", () => {
    expect(parseCommit("3".repeat(40), Buffer.from(text))).toMatchObject({
      subject: "two lines of subject",
      author: { name: "A", email: "a@x", seconds: 1_700_000_000, zone: "-0700" },
      signed: true,
      parents: ["2".repeat(40)],
    });
  });

  test("are rewritten: other headers kept, the signature not, committed when authored", () => {
    const commit = parseCommit("3".repeat(40), Buffer.from(text));
    const to = { tree: "4".repeat(40), parent: "5".repeat(40), committer: { name: "C", email: "c@x" } };
    expect(rewriteCommit(commit, to).toString()).toBe(
      [
        `tree ${"4".repeat(40)}`,
        `parent ${"5".repeat(40)}`,
        "author A <a@x> 1700000000 -0700",
        "committer C <c@x> 1700000000 -0700",
        "change-id abc",
        "",
        "two lines",
        "of subject",
        "",
        "body",
        "",
      ].join("\n"),
    );
  });

  test("without message, date or sane author do not stop us", () => {
    const odd = parseCommit("3".repeat(40), Buffer.from(`tree ${"1".repeat(40)}\nauthor nobody\ncommitter x`));
    expect(odd).toMatchObject({ subject: "", parents: [], author: { name: "nobody", seconds: 0 } });
  });
});

test("conflicting regions: what is expected, and what is found instead", () => {
  const text = [
    "x",
    "<<<<<<< o",
    "ours",
    "both",
    "||||||| b",
    "base",
    "both",
    "=======",
    "theirs",
    ">>>>>>> t",
    "y",
    "",
  ];
  expect(conflictSubject(conflictRegions(text.join("\n")))).toEqual({
    expected: new Set(["base"]),
    found: new Set(["ours"]),
  });
  expect(conflictRegions("no markers\n=======\n")).toEqual([]);
});

describe("answers of merge-tree", () => {
  async function read(text: string, chunk: number) {
    const stream = new PassThrough();
    const reader = new ByteReader(stream);
    const answer = readMergeAnswer(reader);
    for (let i = 0; i < text.length; i += chunk) stream.write(text.slice(i, i + chunk));
    return answer;
  }

  const conflict =
    "0\0t\x00100644 aa 1\tp\x00100644 bb 2\tp\0\0" + "1\0p\0CONFLICT (contents)\0CONFLICT (content): p\n\0";

  test.each([1, 3, 1000])("in pieces of %d bytes", async (chunk) => {
    expect(await read("1\0tree\0\0", chunk)).toEqual({ clean: true, tree: "tree", files: [], messages: [] });
    expect(await read(`${conflict}\0`, chunk)).toMatchObject({
      clean: false,
      files: [{ stage: 1, path: "p" }, { stage: 2 }],
      messages: [{ paths: ["p"], type: "CONFLICT (contents)" }],
    });
  });

  test("with advice on submodules behind the messages", async () => {
    expect((await read(`${conflict}Recursive merging with submodules\n\0`, 7)).messages).toHaveLength(1);
  });
});
