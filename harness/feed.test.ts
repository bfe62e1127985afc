import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Deployment, startDeployment } from "./deployment/deployment.ts";
import { type GitServer, startGitServer } from "./git-server/server.ts";
import { until } from "./process/until.ts";
import { FORK, UPSTREAM, UpstreamLife } from "./upstream-life/life.ts";

const STACK = "lantern";
const SOURCES = ["lantern-releases", "lantern-again"];

let folder: string;
let deployment: Deployment;
let life: UpstreamLife;
let forge: GitServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "feed-"));
  life = await UpstreamLife.begin(folder);
  forge = await startGitServer({ root: life.root, control: true });
  deployment = await startDeployment(folder);
  const { api } = deployment;
  await api.putStack(STACK, {
    upstream: { url: `${forge.origin}/${UPSTREAM}.git` },
    fork: { url: `${forge.origin}/${FORK}.git` },
    branch: "office",
  });
  for (const id of SOURCES)
    await api.putSource(id, {
      provider: "github",
      url: `${forge.origin}/${UPSTREAM}/releases.atom`,
      event: "release",
      target: { mode: "maintain", stacks: [STACK] },
      pollIntervalSeconds: 1,
    });
});

afterAll(async () => {
  await deployment?.edge.stop();
  await forge?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function polls(sourceId: string, since: string): Promise<string> {
  return until(`a poll of ${sourceId}`, async () => {
    await deployment.edge.tick();
    const { lastSuccessAt } = (await deployment.api.source(sourceId)).health;
    return lastSuccessAt !== undefined && lastSuccessAt > since ? lastSuccessAt : undefined;
  });
}

it("delivered ten times makes one event, and told by two sources reaches the stack once", async () => {
  const { api } = deployment;
  for (const source of SOURCES) await polls(source, "");
  await fetch(`${forge.origin}/-/control`, { method: "POST", body: JSON.stringify({ mode: "fresh" }) });
  await life.releaseUnrelated("v1.1.0");
  let last = "";
  for (let n = 0; n < 10; n++) last = await polls("lantern-releases", last);
  await polls("lantern-again", (await api.source("lantern-again")).health.lastSuccessAt ?? "");

  const ofFirst = (await api.events(STACK)).filter((event) => event.sourceId === "lantern-releases");
  expect(ofFirst.map((event) => event.payload.entry.tag)).toEqual(["v1.1.0"]);
  const signals = await api.signals("lantern-releases");
  expect(signals.map((signal) => [signal.tag, signal.disposition])).toEqual([
    ["v1.1.0", "event"],
    ["v1.0.0", "primed"],
  ]);
  // The same movement from the second source: recorded, and its attempt names the first.
  const attempts = await until("both attempts", async () => {
    await deployment.edge.tick();
    const found = await api.attempts({ stackId: STACK });
    return found.length >= 2 ? found : undefined;
  });
  expect(attempts).toHaveLength(2);
  const skipped = attempts.find((attempt) => attempt.status === "skipped");
  const working = attempts.find((attempt) => attempt.status !== "skipped");
  expect(skipped?.relatedAttemptId).toBe(working?.id);
});
