/**
 * What a stack must survive, each case once through the whole system: an event at the edge, a runner
 * beside it, Git over HTTP, and the outcome as the API and the fork tell it afterwards. The cases in
 * all their variants are the engine's own (`runner/git/`).
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { z } from "zod";
import { forkOfTwentyLines, release, TestRepository } from "../../runner/git/testing/test-repository.ts";
import type { AttemptDetail } from "../../worker/contract/attempt.ts";
import { Forecast } from "../../worker/contract/forecast.ts";
import type { StackReport } from "../../worker/contract/report.ts";
import { until } from "../process/until.ts";
import { makeRepositoryBeside, makeSigningKey, raiseWorld, type World } from "./world.ts";

const MANY = { name: "many", files: 50_000, upstreamCommits: 20, patches: 200 };

let folder: string;
let world: World;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "patch-moi-scenarios-"));
  const env = { PATCH_MOI_WORKFLOWS: "deny", PATCH_MOI_SIGNING_KEY: makeSigningKey(folder) };
  world = await raiseWorld(folder, env);
}, 280_000);

afterAll(async () => {
  await world?.end();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** What became of each patch, in short. */
function fates({ report }: AttemptDetail): string[] {
  return (report?.patches ?? []).map((patch) => patch.outcome);
}

function reportOf(detail: AttemptDetail): StackReport {
  if (detail.report === null) throw new Error(`${detail.attempt.id} has no report: ${JSON.stringify(detail.attempt)}`);
  return detail.report;
}

function candidateOf({ attempt }: AttemptDetail): string {
  const [candidate] = attempt.candidates;
  if (candidate === undefined) throw new Error(`${attempt.id} has no candidate: ${JSON.stringify(attempt.reason)}`);
  return candidate.oid;
}

describe.concurrent("scenarios", () => {
  it("1: cherry-picked upstream and edited again: upstreamed", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.checkout("fork").write("b", "ours\n").commit("our file");
    r.checkout("main").later("cherry-pick", "fork~1");
    const taken = r.oid("HEAD");
    r.edit("a", 5, "line 5 fixed better").commit("improve line 5");
    release(r);
    const { fork } = await world.publish("taken", r);
    const seen = await world.carry("taken", "v2");
    expect(seen.attempt.status).toBe("changed");
    expect(seen.report?.patches).toMatchObject([{ outcome: "upstreamed", upstreamOid: taken }, { outcome: "carried" }]);
    expect(fork.oid("patch-moi/taken/v2")).toBe(candidateOf(seen));
    expect(fork.show("patch-moi/taken/v2:a")).toContain("line 5 fixed better");
  });

  it("2: taken and reverted: carried, and the revert told", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.later("cherry-pick", "fork");
    r.later("revert", "--no-edit", "HEAD");
    const revert = r.oid("HEAD");
    release(r);
    const { fork } = await world.publish("reverted", r);
    const seen = await world.carry("reverted", "v2");
    expect([seen.attempt.status, fates(seen)]).toEqual(["changed", ["carried"]]);
    expect(seen.report?.patches[0]?.note).toContain(revert.slice(0, 12));
    expect(fork.show("patch-moi/reverted/v2:a")).toContain("line 5 fixed\n");
  });

  it("3a: taken with a tweak: conflicted, the match proposed; nothing pushed", async ({ expect }) => {
    using r = forkOfTwentyLines();
    const tweaked = r.edit("a", 5, "line 5 fixed!").commit("repair the fifth line");
    release(r);
    const { fork } = await world.publish("tweaked", r);
    const seen = await world.carry("tweaked", "v2");
    expect(seen.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "conflict" }, candidates: [] });
    expect(seen.report?.patches).toMatchObject([{ outcome: "conflicted", upstreamOid: tweaked }]);
    expect(fork.git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/fork");
  });

  it("3b: squashed into a larger commit: empty, that commit named", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.checkout("fork").write("b", "ours\n").commit("our file");
    r.checkout("main");
    const squash = r.edit("a", 5, "line 5 fixed").edit("a", 12, "line 12 too").write("c", "c\n").commit("big one");
    release(r);
    await world.publish("squashed", r);
    const seen = await world.carry("squashed", "v2");
    expect(seen.report?.patches).toMatchObject([{ outcome: "empty", upstreamOid: squash }, { outcome: "carried" }]);
    expect(seen.attempt.status).toBe("changed");
  });

  it("4: a merge with changes of its own loses nothing", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.checkout("-b", "topic", "fork").write("topic", "t\n").commit("topic work");
    r.checkout("fork").write("side", "s\n").commit("side work");
    r.later("merge", "--no-commit", "--no-ff", "topic");
    r.write("glue", "g\n").commit("merge topic with glue");
    r.checkout("main");
    release(r);
    const { fork } = await world.publish("merged", r);
    const seen = await world.carry("merged", "v2");
    expect(fates(seen)).toEqual(["carried", "carried", "carried"]);
    expect(fork.git("ls-tree", "--name-only", candidateOf(seen))).toBe("a\nglue\nside\ntopic\nunrelated");
  });

  it("5: the branch moves meanwhile: refused, and a new attempt starts from the new head", async ({ expect }) => {
    using r = forkOfTwentyLines();
    release(r);
    r.checkout("-b", "moved", "fork").write("b", "ours\n").commit("one more patch");
    const { fork } = await world.publish("moving", r);
    r.git("push", "--quiet", fork.dir, "moved:refs/elsewhere/moved");
    const verify = [`git -C ${fork.dir} update-ref refs/heads/fork refs/elsewhere/moved`];
    const first = await world.carry("moving", "v2", { policy: { verify } });
    expect(first.attempt).toMatchObject({ status: "queued", retries: 1, reason: { code: "branch_moved" } });
    expect(fork.attempt("rev-parse", "--verify", "--quiet", "refs/heads/patch-moi/moving/v2").ok).toBe(false);
    await world.api.send("POST", "/maintenance-attempts/moving.1/cancel", {});
    await world.api.replay("patch:moving:v2:upstream.release");
    const second = await world.settled("moving.2");
    expect([second.attempt.status, fates(second)]).toEqual(["changed", ["carried", "carried"]]);
    expect(second.report?.head.oid).toBe(r.oid("moved"));
  });

  it("6: a tag that moved is held with both oids; one annotated anew did not move", async ({ expect }) => {
    using r = forkOfTwentyLines();
    release(r);
    const announced = r.oid("v2");
    r.git("tag", "--annotate", "--message=v3", "v3");
    r.git("tag", "--annotate", "--force", "--message=v3 again", "v3");
    const lightweight = r.oid("v3");
    const now = r.write("unrelated", "changed\n").commit("slipped in");
    r.git("tag", "--force", "v2");
    await world.publish("retagged", r);
    const moved = await world.carry("retagged", "v2", { sha: announced });
    expect(moved.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "tag_moved" } });
    expect(moved.attempt.reason?.message).toContain(announced);
    expect(moved.attempt.reason?.message).toContain(now);
    await world.tell("retagged", "v3", lightweight);
    const seen = await world.settled("retagged.2");
    expect(seen.attempt.status).toBe("changed");
    expect(seen.report?.onto).toMatchObject({ ref: "v3", oid: lightweight });
    expect(seen.report?.onto.tagOid).not.toBe(lightweight);
  });

  it("7: five releases on one page, twice: the highest that counts is worked on", async ({ expect }) => {
    using r = forkOfTwentyLines();
    const { upstream } = await world.publish("page", r);
    await world.declare("page", { policy: { deadlines: { attemptSeconds: 600 } } });
    const stack = await world.api.stack("page");
    await world.api.putSource("page-feed", {
      provider: "forgejo",
      url: stack.upstream?.url.replace(/\.git$/, "/releases.atom"),
      event: "release",
      target: { mode: "maintain", stacks: ["page"] },
    });
    const poll = () => world.api.send("POST", "/feed-sources/page-feed/poll", {});
    expect((await poll()).status).toBe(202);
    for (const tag of ["v1.9.1", "v1.10.0", "v1.10.1-rc.1", "v1.2.0", "v1.2.0rc1"]) {
      r.write("version", `${tag}\n`).commit(tag);
      r.git("tag", tag);
    }
    r.git("push", "--quiet", upstream.dir, "main", "--tags");
    await poll();
    const attempts = async () =>
      (await world.api.attempts({ stackId: "page" })).map(({ tag, status }) => `${tag} ${status}`).toSorted();
    const highest = await until(
      "v1.10.0 to be carried",
      async () => ((await attempts()).includes("v1.10.0 changed") ? attempts() : undefined),
      { timeoutMs: 200_000 },
    );
    expect(highest.filter((one) => !/ (?:superseded|skipped)$/.test(one))).toEqual(["v1.10.0 changed"]);
    expect((await world.api.stack("page")).highestTag).toBe("v1.10.0");
    const decided = (await world.api.signals("page-feed")).map(
      ({ tag, decisions }) => `${tag} ${decisions.map(({ code }) => code).join()}`,
    );
    expect(decided.filter((line) => /rc/.test(line)).every((line) => line.includes("prerelease"))).toBe(true);
    await poll();
    expect(await attempts()).toEqual(highest);
    expect(await world.api.signals("page-feed")).toHaveLength(decided.length);
  });

  it("8: a renamed file is followed; a deleted one is a conflict by its name", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.git("mv", "a", "renamed");
    r.commit("rename");
    release(r);
    r.git("rm", "--quiet", "renamed");
    r.commit("remove");
    r.git("tag", "v3");
    const { fork } = await world.publish("renamed", r);
    const followed = await world.carry("renamed", "v2");
    expect([followed.attempt.status, followed.report?.counts.conflicted]).toEqual(["changed", 0]);
    expect(fork.show("patch-moi/renamed/v2:renamed")).toContain("line 5 fixed");
    await world.tell("renamed", "v3");
    const deleted = await world.settled("renamed.2");
    expect(deleted.attempt.status).toBe("needs_intervention");
    expect(deleted.report?.patches[0]?.conflicts?.[0]?.kind).toMatch(/delete/);
  });

  it("9: verification names the first failing patch, or upstream", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.checkout("fork").write("good", "x\n").commit("good");
    const bad = r.write("bad", "x\n").commit("bad");
    r.write("after", "x\n").commit("after");
    r.checkout("main");
    release(r);
    r.write("broken", "x\n").commit("upstream breaks");
    r.git("tag", "v3");
    await world.publish("verified", r);
    const ours = await world.carry("verified", "v2", { policy: { verify: ["test ! -e bad && test ! -e broken"] } });
    expect(ours.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "verify_failed" } });
    expect(ours.report?.firstFailingPatch).toBe(bad);
    expect(ours.report?.baseline).toMatchObject([{ exitCode: 0 }]);
    await world.tell("verified", "v3");
    const theirs = await world.settled("verified.2");
    expect(theirs.attempt.reason?.message).toContain("upstream is broken");
    expect(theirs.report?.baseline).toMatchObject([{ exitCode: 1 }]);
  });

  it("10: told twice and replayed: the same objects; a result that is not signed changes nothing", async ({
    expect,
  }) => {
    using r = forkOfTwentyLines();
    release(r);
    const { fork } = await world.publish("again", r);
    const first = await world.carry("again", "v2");
    await world.tell("again", "v2");
    expect(await world.api.attempts({ stackId: "again" })).toHaveLength(1);
    await world.api.replay("patch:again:v2:upstream.release");
    const second = await world.settled("again.2");
    expect(candidateOf(second)).toBe(candidateOf(first));
    expect(fork.git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/fork\nrefs/heads/patch-moi/again/v2");
    const stray = { type: "attempt.result", attemptId: "again.2", epoch: 1, nonce: "n".repeat(32), seq: 9, data: {} };
    expect((await world.api.send("POST", "/webhooks/runner", stray)).status).toBe(401);
    expect((await world.settled("again.2")).timeline).toEqual(second.timeline);
  });

  it("11: histories that do not meet, a missing branch and tag: each its own code", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.checkout("--orphan", "other").commit("another beginning");
    r.git("tag", "v2");
    const { upstream } = await world.publish("unrelated", r);
    upstream.git("branch", "-m", "main", "trunk");
    const unrelated = await world.carry("unrelated", "v2");
    expect(unrelated.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "unrelated_histories" } });
    await world.tell("unrelated", "v3");
    expect((await world.settled("unrelated.2")).attempt).toMatchObject({
      status: "blocked",
      reason: { code: "ref_missing" },
    });
    await world.publish("branchless", r);
    const branchless = await world.carry("branchless", "v2", { branch: "gone" });
    expect(branchless.attempt).toMatchObject({ status: "failed", reason: { code: "branch_missing" } });
  });

  it("11: a fork that is shallow is told apart from one with nothing to do", async ({ expect }) => {
    using r = forkOfTwentyLines();
    for (let i = 0; i < 3; i += 1) r.checkout("fork").write("n", `${i}\n`).commit(`n ${i}`);
    r.checkout("main");
    release(r);
    const { fork } = await world.publish("shallow", r);
    fork.write("shallow", `${r.oid("fork~1")}\n`);
    fork.git("gc", "--quiet", "--prune=now");
    const seen = await world.carry("shallow", "v2");
    expect(seen.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "shallow_no_merge_base" } });
    const resume = "/maintenance-attempts/shallow.1/resume";
    fork.git("fetch", "--quiet", "--unshallow", r.dir, "fork");
    expect((await world.api.send("POST", resume, { note: "pushed the whole history" })).status).toBe(200);
    expect((await world.settled("shallow.1")).attempt.status).toBe("changed");
  });

  it("12: a workflow file that may not be changed is said before any work", async ({ expect }) => {
    using r = forkOfTwentyLines();
    r.write(".github/workflows/ci.yml", "on: push\n").commit("upstream's workflow");
    release(r);
    const { fork } = await world.publish("workflow", r);
    const seen = await world.carry("workflow", "v2", { policy: { verify: ["false"] } });
    expect(seen.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "workflow_permission" } });
    expect(seen.report?.verify).toEqual([]);
    expect(fork.git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/fork");
  });

  it("13: carried patches are signed again; submodules that diverged are named", async ({ expect }) => {
    using r = forkOfTwentyLines();
    const pointer = (digit: string) => r.git("update-index", "--add", "--cacheinfo", `160000,${digit.repeat(40)},sub`);
    release(r);
    pointer("2");
    r.later("commit", "--quiet", "-m", "upstream moves sub");
    r.git("tag", "v3");
    r.checkout("--force", "fork");
    const { fork } = await world.publish("signed", r);
    const seen = await world.carry("signed", "v2");
    expect(seen.attempt.status).toBe("changed");
    expect(fork.git("cat-file", "commit", candidateOf(seen))).toContain("gpgsig -----BEGIN SSH SIGNATURE-----");
    pointer("3");
    r.later("commit", "--quiet", "-m", "fork has another sub");
    r.git("push", "--quiet", fork.dir, "fork");
    await world.tell("signed", "v3");
    const diverged = await world.settled("signed.2");
    expect(diverged.attempt.status).toBe("needs_intervention");
    expect(reportOf(diverged).patches.at(-1)?.conflicts).toMatchObject([{ path: "sub" }]);
  });

  it("14: names like options are refused at the door, hooks and fsmonitor of a repository never run", async ({
    expect,
  }) => {
    using r = forkOfTwentyLines();
    const canary = join(folder, "canary");
    r.checkout("fork").write(".gitattributes", "* filter=trap\n").write(".gitconfig", "x\n");
    r.write(".gitmodules", `[submodule "x"]\n\tpath = sub\n\turl = ext::touch\\ ${canary}\n`).commit("a trap");
    r.checkout("main");
    release(r);
    const { fork } = await world.publish("hostile", r);
    for (const hook of ["post-checkout", "pre-push", "reference-transaction"])
      r.write(`.git/hooks/${hook}`, `#!/bin/sh\ntouch ${canary}\n`);
    for (const tag of ["--upload-pack=touch", "a..b", "a\u0007b"]) {
      const entry = { entryId: "x", tag };
      const id = `patch:hostile:${encodeURIComponent(tag)}:upstream.release`;
      await world.declare("hostile");
      await world.api.send("POST", "/flow-events", {
        id,
        type: "upstream.release",
        payload: { entry },
        stackIds: ["hostile"],
      });
    }
    const number = (await world.api.attempts({ stackId: "hostile" })).length + 1;
    await world.tell("hostile", "v2");
    const seen = await world.settled(`hostile.${number}`);
    for (const { id, status } of await world.api.attempts({ stackId: "hostile" }))
      if (id !== seen.attempt.id) expect(status).toMatch(/^(?:superseded|skipped|failed|needs_intervention)$/);
    expect(["changed", "needs_intervention"]).toContain(seen.attempt.status);
    expect(() => readFileSync(canary)).toThrow();
    expect(fork.attempt("rev-parse", "--verify", "fork").ok).toBe(true);
  });

  it("15: 200 patches on 50,000 files take seconds, and memory stays flat", async ({ expect }) => {
    const r = new TestRepository(await makeRepositoryBeside(folder, MANY));
    r.git("tag", "v2", "main");
    await world.publish("many", r);
    const seen = await world.carry("many", "v2");
    expect([seen.attempt.status, reportOf(seen).patches.length]).toEqual(["changed", 200]);
    const { replay, fetch } = reportOf(seen).timings;
    expect(replay).toBeLessThan(60);
    const memory = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${world.runner.pid}/status`, "utf8"))?.[1];
    expect(Number(memory ?? 0)).toBeLessThan(600_000);
    expect(fetch).toBeGreaterThan(0);
  });

  it("a forecast is made while nobody waits, and is no attempt", async ({ expect }) => {
    using r = forkOfTwentyLines();
    const theirs = r.edit("a", 5, "theirs").commit("their line five");
    const { fork } = await world.publish("foreseen", r);
    await world.declare("foreseen", { policy: { forecast: { everySeconds: 86_400 } } });
    const forecast = await until(
      "the forecast",
      async () => {
        const answer = await world.api.send("GET", "/stacks/foreseen/forecasts");
        return z.object({ forecasts: z.array(Forecast) }).parse(answer.json).forecasts[0];
      },
      { timeoutMs: 200_000, everyMs: 500 },
    );
    expect(forecast).toMatchObject({
      number: 1,
      outcome: "conflicts",
      onto: { ref: "main", oid: theirs },
      drift: { commitsAhead: 1, commitsBehind: 1 },
      conflicts: [{ subject: "fix line 5", paths: [{ path: "a", kind: "contents", upstream: { oid: theirs } }] }],
    });
    expect((await world.api.stack("foreseen")).forecast).toMatchObject({ number: 1, outcome: "conflicts" });
    expect(await world.cliJson(["forecasts", "foreseen"])).toEqual({ forecasts: [forecast] });
    expect(await world.api.attempts({ stackId: "foreseen" })).toEqual([]);
    expect(fork.git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/fork");
  });
});
