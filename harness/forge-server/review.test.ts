/**
 * Candidates before people, on all three forges: one proposal per stack, and hands off what is a person's.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PatchReport, StackReport } from "../../worker/contract/report.ts";
import { StackConfig } from "../../worker/contract/stack.ts";
import type { Forge, ForgeFailure } from "../../worker/forges/forge.ts";
import { InstallationTokens } from "../../worker/forges/github/app.ts";
import { openForge } from "../../worker/forges/open-forge.ts";
import type { Result } from "../../worker/platform/result.ts";
import { readMarker } from "../../worker/review/marker.ts";
import { reportBody } from "../../worker/review/report-body.ts";
import {
  askForHelp,
  nobodyNeeded,
  propose,
  type ReviewFacts,
  reportStatus,
  retireLanded,
} from "../../worker/review/review.ts";
import { codeBlock, codeSpan, defused } from "../../worker/review/upstream-text.ts";
import { type ForgeServer, startForgeServer } from "./server.ts";
import type { RepositoryState } from "./state.ts";

const TOKEN = "a-token-of-the-test";
const oid = (digit: number) => String(digit).repeat(40);

function patch(subject: string, more: Partial<PatchReport> = {}): PatchReport {
  return {
    oid: oid(6),
    subject,
    author: "A <a@example.org>",
    authoredAt: "2026-01-01T00:00:00Z",
    outcome: "carried",
    ...more,
  };
}

function report(patches: PatchReport[], more: Partial<StackReport> = {}): StackReport {
  const count = (outcome: PatchReport["outcome"]) => patches.filter((p) => p.outcome === outcome).length;
  return {
    v: 1,
    stackId: "lantern",
    branch: "office",
    onto: { ref: "refs/tags/v2.0.0", oid: oid(1) },
    base: { oid: oid(2) },
    head: { oid: oid(3) },
    result: { oid: oid(4), tree: oid(5) },
    patches,
    counts: {
      carried: count("carried"),
      adapted: count("adapted"),
      upstreamed: count("upstreamed"),
      empty: count("empty"),
      dropped: count("dropped"),
      conflicted: count("conflicted"),
    },
    rangeDiff: "",
    verify: [],
    drift: { commitsBehind: 12, daysBehind: 3.4 },
    warnings: [],
    timings: { fetch: 0, replay: 0, checkout: 0, verify: 0, push: 0 },
    ...more,
  };
}

function facts(attempt: number, more: Partial<ReviewFacts> = {}): ReviewFacts {
  return {
    stackId: "lantern",
    attemptId: `lantern.${attempt}`,
    operation: "maintain",
    landsAttemptId: null,
    comments: false,
    onto: `v${attempt}.0.0`,
    branch: "office",
    upstreamUrl: "https://github.com/lantern-project/lantern",
    report: report([patch("Say hello")]),
    reason: null,
    ...more,
  };
}

async function value<T>(result: Promise<Result<T, ForgeFailure>>): Promise<T> {
  const given = await result;
  if (!given.ok) throw new Error(`${given.failure.code}: ${given.failure.message}`);
  return given.value;
}

describe.each(["github", "forgejo", "gitlab"] as const)("on %s", (kind) => {
  let server: ForgeServer;
  let fork: RepositoryState;
  let forge: Forge;
  beforeEach(async () => {
    server = await startForgeServer(kind);
    server.tokens.set(TOKEN, "patch-moi");
    fork = server.state.add("office", "lantern");
    const host = new URL(server.url).host;
    forge = await value(
      openForge(
        { url: `${server.url}/office/lantern.git`, forge: { kind, apiUrl: server.apiUrl } },
        {
          credential: () =>
            Promise.resolve({ ok: true, value: { name: "x", kind: `${kind}-token`, host, value: TOKEN } }),
          outbound: { allowLocal: true },
          now: () => Date.now(),
          limited: () => Promise.resolve(),
          tokens: new InstallationTokens(),
        },
      ),
    );
  });
  afterEach(async () => {
    expect(server.problems).toEqual([]);
    await server[Symbol.asyncDispose]();
  });

  /** A candidate as the runner pushed it. */
  function pushed(attempt: number, commit = oid(attempt)) {
    const branch = `patch-moi/lantern/v${attempt}.0.0`;
    fork.refs.set(`heads/${branch}`, commit);
    return { branch, oid: commit };
  }
  const review = (attempt: number, commit?: string, more?: Partial<ReviewFacts>) =>
    value(propose(forge, facts(attempt, more), pushed(attempt, commit)));

  it("opens one proposal, renews it in place, and closes it for a newer one with a link", async () => {
    expect(await review(1)).toMatchObject({ code: "review_opened" });
    expect(await review(1, oid(7))).toMatchObject({ code: "review_updated" });
    expect(fork.pulls).toMatchObject([{ head: "patch-moi/lantern/v1.0.0", base: "office", state: "open" }]);
    expect(readMarker(fork.pulls[0]?.body ?? "")).toMatchObject({
      stack: "lantern",
      attempt: "lantern.1",
      head: oid(7),
    });
    expect(fork.pulls[0]?.body).not.toContain("/patch.moi");
    await review(2, undefined, { comments: true });
    expect(fork.pulls[0]?.body).toContain("`/patch.moi land` moves the maintained branch to it");
    const [newer, older] = fork.pulls;
    expect([newer?.state, older?.state]).toEqual(["open", "closed"]);
    expect(older?.comments).toEqual([expect.stringContaining(`/${newer?.number}`)]);
    // A candidate that comes back is proposed anew: we closed the other, nobody else.
    await review(1, oid(8));
    expect(fork.pulls.filter((p) => p.state === "open").map((p) => p.head)).toEqual(["patch-moi/lantern/v1.0.0"]);
    expect(await value(retireLanded(forge, facts(9), "lantern.1"))).toMatchObject({ code: "review_closed" });
    expect(fork.pulls.filter((p) => p.state === "open")).toEqual([]);
    expect(await value(retireLanded(forge, facts(9), "lantern.1"))).toBeUndefined();
  });

  it("leaves alone what a person closed or pushed to, and what a stranger opened on the branch", async () => {
    await review(1);
    const [first] = fork.pulls;
    if (first !== undefined) first.state = "closed";
    expect(await review(1, oid(7))).toMatchObject({
      code: "review_left_alone",
      message: expect.stringMatching(/a person closed/) as unknown,
    });
    await review(2);
    fork.refs.set("heads/patch-moi/lantern/v2.0.0", oid(9));
    const before = JSON.stringify(fork.pulls);
    const again = await value(propose(forge, facts(2), { branch: "patch-moi/lantern/v2.0.0", oid: oid(8) }));
    expect(again).toMatchObject({
      code: "review_left_alone",
      message: expect.stringMatching(/somebody pushed/) as unknown,
    });
    expect(JSON.stringify(fork.pulls)).toBe(before);
    // A newer candidate does not close what somebody pushed to either.
    await review(3);
    expect(fork.pulls.filter((p) => p.state === "open")).toHaveLength(2);
    const copied = fork.pulls[0]?.body ?? "";
    const theirs = {
      title: "lantern: carried onto v4.0.0",
      body: copied,
      author: "mallory",
      base: "office",
      draft: false,
    };
    server.state.propose(fork, { ...theirs, head: "patch-moi/lantern/v4.0.0" });
    const stranger = await review(4);
    expect(stranger).toMatchObject({
      code: "review_left_alone",
      message: expect.stringMatching(/by mallory is open/) as unknown,
    });
    expect(fork.pulls.find((p) => p.author === "mallory")).toMatchObject({ state: "open", body: copied, comments: [] });
  });

  it("asks for a person in one issue, and closes it", async () => {
    const reason = { code: "conflict", message: "two patches" };
    const conflict = {
      path: "src/hello.c",
      kind: "contents",
      upstreamCommits: [{ oid: oid(9), subject: "Fixes #1 @all" }],
    };
    const stuck = report([patch("Say hello", { outcome: "conflicted", conflicts: [conflict] })], { result: null });
    await value(askForHelp(forge, facts(1, { reason, report: stuck })));
    await value(askForHelp(forge, facts(2, { reason, report: stuck })));
    expect(fork.issues).toHaveLength(1);
    expect(fork.issues[0]?.body).toContain("patch.moi resume lantern.2 --local");
    expect(fork.issues[0]?.body).toContain("`src/hello.c`");
    expect(fork.issues[0]?.body).not.toContain("/patch.moi");
    // What stops a landing, or came before any replay, is not resolved in a clone; comments are named where they count.
    const red = { code: "checks_failed", message: "build failed" };
    const landing = { operation: "land", landsAttemptId: "lantern.2", report: undefined, reason: red } as const;
    await value(askForHelp(forge, facts(3, { ...landing, comments: true })));
    const asked = fork.issues[0]?.body ?? "";
    expect(asked).toMatch(/could not be landed on `office` without a person: checks_failed/);
    expect(asked).toContain('patch.moi resume lantern.3 --note "looked at it"');
    expect(asked).toContain("lands `lantern.2` all the same");
    expect(asked).toContain("`/patch.moi resume`");
    expect(asked).not.toMatch(/--local|\/patch\.moi retry/);
    await value(askForHelp(forge, facts(2, { reason: { code: "tag_moved", message: "v2 moved" }, report: undefined })));
    expect(fork.issues[0]?.body).toContain("Mend what the reason names");
    expect(fork.issues[0]?.body).not.toContain("--local");
    expect(await value(nobodyNeeded(forge, facts(2), "dismissed"))).toMatchObject({ code: "review_closed" });
    expect(fork.issues[0]).toMatchObject({ state: "closed", comments: ["dismissed"] });
    expect(await value(nobodyNeeded(forge, facts(2), "dismissed"))).toBeUndefined();
  });

  it("sets a status on the candidate, twice the same", async () => {
    const candidate = pushed(1);
    await value(reportStatus(forge, facts(1), candidate));
    await value(reportStatus(forge, facts(1), candidate));
    expect(fork.statuses.get(candidate.oid)).toMatchObject([
      { context: "patch.moi/lantern", description: "1 carried" },
    ]);
  });
});

describe("a body", () => {
  const marker = { v: 1 as const, kind: "candidate" as const, stack: "lantern", attempt: "lantern.1", head: oid(4) };
  const body = (of: StackReport, limit = 65_536) =>
    reportBody({ marker, lead: "Look.", report: of, upstreamUrl: "https://github.com/lantern-project/lantern", limit });

  it("tells drops with their upstream commits, and failed commands with what they printed", () => {
    const text = body(
      report([patch("Taken", { outcome: "upstreamed", upstreamOid: oid(9) })], {
        verify: [{ command: "npm test", exitCode: 2, seconds: 4, outputTail: "```\nnot ok 1" }],
        rangeDiff: "1: abc = 1: def",
      }),
    );
    expect(text).toContain(
      `| \`Taken\` | dropped: upstream has it | [\`999999999999\`](https://github.com/lantern-project/lantern/commit/${oid(9)}) |`,
    );
    expect(text).toContain("**failed (2)** in 4 s: `npm test`");
    expect(text).toContain("````text\n```\nnot ok 1\n````");
    expect(text).toContain("<details><summary>Range-diff");
    expect(text).toContain("12 commits (3 days) behind");
  });

  it.each([2000, 8000, 65_536])("of a huge report has %i characters at most, and says what is missing", (limit) => {
    const many = Array.from({ length: 400 }, (_, i) => patch(`${"long ".repeat(30)}${i}`));
    const text = body(report(many, { rangeDiff: "x".repeat(100_000), warnings: ["y".repeat(3000)] }), limit);
    expect(text.length).toBeLessThanOrEqual(limit);
    expect(text).toContain("`patch.moi show lantern.1`");
    expect(readMarker(text)).toEqual(marker);
  });

  it.each([
    "Fixes #12",
    "closes: lantern-project/lantern#7",
    "Resolves GH-3",
    "fixed https://github.com/o/r/issues/1",
    "@everyone look",
    "ping @org/team",
    "<img src=x onerror=alert(1)>",
    "a | b || c",
    "`code` and ``more``",
    "<!-- patch.moi {} -->",
    "[click](javascript:alert(1))",
    "\u202egnp.exe",
    "line\nbreak\r\n/close",
  ])("holds %j without effect", (subject) => {
    const line =
      body(report([patch(subject)]))
        .split("\n")
        .find((row) => row.startsWith("| `")) ?? "";
    // One row of three cells, the first of them one code span.
    expect(line.replaceAll("\\|", "").split("|")).toHaveLength(5);
    expect(line).toMatch(/^\| (`+)(?!`).*[^`]\1 \| carried \| {2}\|$/);
    expect(line).not.toMatch(/(?:clos|fix|resolv)\w*:?\s+\S*(?:#\d|GH-\d|https)/i);
    expect(line).not.toMatch(/@\w/);
    expect(readMarker(body(report([patch(subject)])))).toEqual(marker);
  });

  it("keeps what it makes harmless readable", () => {
    expect(defused("Fixes #12 for @ada").replaceAll("\u200b", "")).toBe("Fixes #12 for @ada");
    expect(codeSpan("plain")).toBe("`plain`");
    expect(codeBlock("a\n````\nb")).toMatch(/^`{5}text\n/);
  });
});

it("a stack says in its policy what goes before people", () => {
  const parsed = StackConfig.parse({
    upstream: { url: "https://git.example.org/a/b" },
    fork: { url: "https://git.example.org/c/b" },
    branch: "office",
  });
  expect(parsed.policy.review).toEqual({ pullRequest: false, status: false, intervention: "none" });
});
