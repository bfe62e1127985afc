/**
 * What a runner does beside a plain replay, on a mirror that began without contents.
 */
import { expect, test } from "vitest";
import { runGit } from "../../runner/git/process.ts";
import { promisorConfig } from "../../runner/git/promised.ts";
import { scratch } from "../../runner/job/testing/scratch.ts";
import { allow, git, partialSettings, text } from "./testing/partial-setting.ts";

const setting = partialSettings();

const JOBS = [{ branch: "conflicting" }, { policy: { verify: ["grep -q ours lib/f3"] } }];

test("an outage of upstream, at whichever request, stops for a retry and never changes what is reported", async () => {
  const { repositories, urls, logged } = setting();
  allow(repositories.upstream);
  let inTheMiddle = 0;
  for (const job of JOBS) {
    setting().outageFrom = Number.POSITIVE_INFINITY;
    using wholeHome = scratch();
    const whole = await setting().perform(job, { PATCH_MOI_PARTIAL_CLONE: "off" }, wholeHome.home);
    git(repositories.fork, "update-ref", "-d", "refs/heads/patch-moi/web/v2");
    using home = scratch();
    // Each try gets a request further than the one before it, until one has all that it needs.
    for (let outage = 1, stopped = true; stopped; outage += 1) {
      setting().asked = 0;
      setting().outageFrom = outage;
      logged.length = 0;
      const result = await setting().perform(job, {}, home.home);
      stopped = result.outcome === "blocked";
      if (!stopped) {
        expect(result.outcome).toBe(whole.outcome);
        expect(result.report?.patches).toEqual(whole.report?.patches);
        continue;
      }
      expect(result).toMatchObject({ reason: { code: "remote_unreachable" }, candidates: [] });
      expect(result.reason?.message).toContain(`upstream (${urls.upstream}) cannot be reached`);
      expect(logged.join("\n")).not.toContain("making it anew");
      if (logged.some((line) => line.startsWith("carrying "))) inTheMiddle += 1;
    }
  }
  expect(inTheMiddle).toBeGreaterThan(1);
});

test("git's own fetch of what it lacks, from a server that is gone, is an outage and no damage", async () => {
  allow(setting().repositories.upstream);
  await setting().perform({ branch: "conflicting" });
  const [oid = ""] = setting().missing();
  const promisor = promisorConfig({ name: "upstream", url: "http://127.0.0.1:9/gone.git" });
  const options = { gitDir: setting().mirror(), config: promisor, protocols: ["http"], fetchesMissing: true };
  await expect(runGit(["cat-file", "blob", oid], options)).rejects.toMatchObject({ code: "remote_unreachable" });
});

test("a sparse verification has its folders and no others, and the failing patch is found", async () => {
  allow(setting().repositories.upstream);
  const elsewhere = { verify: ["test -f a && test ! -e lib", "false"], verification: { sparse: ["src"] } };
  const top = await setting().perform({ branch: "older", policy: elsewhere });
  expect(top.report?.verify.map(({ exitCode }) => exitCode)).toEqual([0, 1]);
  // Of all that it did not check out, only what the replay read has come, and the checkouts were one request.
  const [mirror, missing] = [setting().mirror(), new Set(setting().missing())];
  const isHere = (path: string) => !missing.has(git(mirror, "rev-parse", `${top.report?.onto.oid}:${path}`));
  expect(["lib/f4", "lib/f9", "a"].map(isHere)).toEqual([true, false, true]);
  const askedSparse = setting().asked;
  setting().asked = 0;
  using wholeHome = scratch();
  await setting().perform({ branch: "older", policy: { verify: elsewhere.verify } }, {}, wholeHome.home);
  expect(setting().asked).toBe(askedSparse);

  const inside = { verify: ["test -f lib/f0 && ! grep -q ours lib/f7"], verification: { sparse: ["lib"] } };
  const failed = await setting().perform({ policy: inside });
  expect(failed).toMatchObject({ outcome: "needs_intervention", reason: { code: "verify_failed" } });
  expect(failed.report?.baseline?.map(({ exitCode }) => exitCode)).toEqual([0]);
  expect(failed.report?.firstFailingPatch).toBe(failed.report?.patches[7]?.oid);
  expect(setting().logged.join("\n")).not.toContain("making it anew");
});

test("a resolution is remembered and used again; its candidate is landed and promoted", async () => {
  const { repositories } = setting();
  allow(repositories.upstream);
  const change = { 12: "taken on", 17: "old 3" };
  const resolved = repositories.pushToFork("resolved", "v2", [
    { subject: "where upstream was", files: { "lib/f1": text(1, { ...change, 7: "both" }) } },
    { subject: "after that", files: { "lib/f1": text(1, { ...change, 6: "more", 7: "both" }) } },
  ]);
  const resume = { note: "both", resolvedRef: "resolved" };
  const first = await setting().perform({ branch: "conflicting", resume });
  expect(first).toMatchObject({ outcome: "changed", candidates: [{ oid: resolved }], report: { warnings: [] } });
  expect(repositories.inFork("refs/patch-moi/rerere")).toBeDefined();

  repositories.release("v3", { "lib/f1": text(1, { ...change, 7: "theirs", 19: "moved" }) });
  const again = await setting().perform({ branch: "conflicting", tag: "v3", number: 2 });
  expect(again.report?.patches[1]).toMatchObject({ outcome: "adapted" });
  expect(again.report?.patches[1]?.note).toContain("as a person resolved the same conflict before");
  expect(repositories.show("refs/heads/patch-moi/web/v2:lib/f1")).toContain("both");

  const branch = "conflicting";
  const expectedOid = repositories.inFork("refs/heads/conflicting") ?? "";
  const land = { branch, oid: resolved, expectedOid, ref: "refs/heads/patch-moi/web/v2" };
  expect(await setting().perform({ operation: "land", number: 3, branch, land })).toMatchObject({
    outcome: "changed",
    landed: { branch, from: expectedOid, to: resolved },
  });
  const ref = "refs/heads/channels/stable";
  const promote = { channel: "stable", ref, oid: resolved, expectedOids: [], candidateRef: land.ref };
  expect(await setting().perform({ operation: "promote", number: 4, promote })).toMatchObject({ outcome: "changed" });
  expect(repositories.inFork(ref)).toBe(resolved);
  expect(git(repositories.fork, "fsck", "--connectivity-only")).not.toMatch(/missing|broken/);
  expect(setting().missing()).not.toEqual([]);
});
