/**
 * A deployment of the version before, with work of every kind open, gets the code of today, goes back and comes again:
 * both as they really run, with the record, the objects and the runner that the older one left.
 *
 * `UPGRADE_FROM=<commit or tag>` upgrades from another version.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { journal } from "../chaos/invariants.ts";
import type { AdminApi } from "../deployment/admin-api.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { landed } from "../rehearsal/evidence.ts";
import { Facts } from "../rehearsal/facts.ts";
import { Narrator } from "../rehearsal/narrator.ts";
import { playSteps } from "../rehearsal/play.ts";
import { startRunner } from "../rehearsal/runner-surface.ts";
import { type Stage, setStage } from "../rehearsal/stage.ts";
import { SOURCE, STACK, type Story } from "../rehearsal/steps.ts";
import { attemptFor, eventFor, settled } from "../rehearsal/waiting.ts";
import { git } from "../upstream-life/git.ts";
import { BRANCH } from "../upstream-life/life.ts";
import { earlierVersion, layOut } from "./earlier-version.ts";

const commit = await earlierVersion(process.env.UPGRADE_FROM);

it.skipIf(commit === undefined)("open work of the version before is finished, back and forth", async () => {
  const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
  const earlier = join(folder, "earlier");
  await layOut(commit ?? "", earlier);
  const stage = await setStage(folder, new Narrator(console.log), "pull", earlier);
  const { deployment, api, life } = stage;
  try {
    const story: Partial<Story> = {};
    await playSteps(stage, story, 1, 2, 4);
    const gate = join(folder, "gate");
    for (const id of ["held", "waiting"]) await anotherFork(stage, id, `until [ -e '${gate}' ]; do sleep 0.1; done`);
    await playSteps(stage, story, 5);

    // A conflict that waits for a person, an attempt in a runner's hands, and one that waits for the runner.
    const conflicting = await life.releaseConflicting("v1.3.0");
    const conflict = await settled(stage, (await attemptFor(stage, (await eventFor(stage, STACK, "v1.3.0")).id)).id);
    expect(conflict.attempt.status).toBe("needs_intervention");
    const held = await tell(stage, "held", "v1.2.0");
    await api.attemptThat(held, ({ status }) => status === "running");
    const waiting = await tell(stage, "waiting", "v1.2.0");
    const before = await record(api);

    await deployment.change(PROJECT);
    expect(await record(api)).toMatchObject(before);
    writeFileSync(gate, "");
    // By the runner of the version before, which has been told nothing.
    expect((await settled(stage, held)).attempt).toMatchObject({ status: "changed", epoch: 1 });
    expect((await settled(stage, waiting)).attempt).toMatchObject({ status: "changed" });
    const resolved = await life.resolve(conflicting.tag, "resolved", stage.personsForkUrl);
    await stage.cli(["resume", conflict.attempt.id, "--note", "By hand.", "--ref", "resolved"]);
    const done = await settled(stage, conflict.attempt.id, conflict.lastSeq);
    expect(done.attempt).toMatchObject({ status: "changed", candidates: [{ oid: resolved.oid }] });
    const facts = new Facts();
    await landed(stage, facts, done.attempt);
    expect(facts.differences()).toEqual([]);

    // The version before on the newer database, with the newer runner. The edge ends after the older runner: else what
    // comes next might be handed to that one's last wait, and come back only when the lease is over.
    const [runner] = stage.children().filter(({ name }) => name === "the runner");
    await runner?.stop();
    const today = startRunner(deployment, folder);
    try {
      await deployment.change(earlier);
      await playSteps(stage, story, 7);
      await deployment.change(PROJECT);
      await playSteps(stage, story, 8);
    } finally {
      await today.stop();
    }
    const attempts = await api.attempts({});
    const details = await Promise.all(attempts.map(({ id }) => api.attempt(id)));
    for (const id of [STACK, "held", "waiting"])
      expect(journal(details.filter(({ attempt }) => attempt.stackId === id))).toEqual([]);
    expect(await stage.cli(["doctor"])).toMatchObject({ ok: true });
  } finally {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A stack of its own on a copy of the fork. */
async function anotherFork(stage: Stage, id: string, verify: string): Promise<void> {
  const bare = join(stage.life.root, "office", `${id}.git`);
  await git(stage.life.root, ["clone", "--quiet", "--mirror", stage.life.fork, bare]);
  await git(bare, ["config", "http.receivepack", "true"]);
  await stage.api.putStack(id, {
    upstream: { url: stage.upstreamUrl },
    fork: { url: stage.forkUrl.replace("office/lantern", `office/${id}`) },
    branch: BRANCH,
    policy: { verify: [verify] },
  });
}

/** Tells the stack of a release; the id of its attempt. */
async function tell(stage: Stage, stackId: string, tag: string): Promise<string> {
  const id = `patch:upgrade:${stackId}.${tag}:upstream.release`;
  const told = await stage.api.send("POST", "/flow-events", {
    id,
    type: "upstream.release",
    payload: { entry: { entryId: tag, tag } },
    stackIds: [stackId],
  });
  expect(told.status).toBeLessThan(300);
  return (await attemptFor(stage, id)).id;
}

/** What an operator could read before, as the older version wrote it; what moves by itself is left out. */
async function record(api: AdminApi): Promise<object> {
  const paths = [`/feed-signals?sourceId=${SOURCE}`, `/flow-events?stackId=${STACK}`, `/candidates?stackId=${STACK}`];
  const attempts = await api.attempts({ stackId: STACK });
  const answers = await Promise.all(
    [...paths, ...attempts.map(({ id }) => `/maintenance-attempts/${id}`)].map(async (path) => {
      const { status, json } = await api.send("GET", path);
      return { path, status, json };
    }),
  );
  return { answers };
}
