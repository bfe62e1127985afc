/**
 * A real edge and each forge: an event starts a run there, the run's job claims the attempt and reports,
 * and what came of it is before people on the forge and on the attempt's timeline.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RunnerCreated } from "../worker/contract/identity.ts";
import { type AttemptResult, JobEnvelope } from "../worker/contract/runner-wire.ts";
import { signWebhook } from "../worker/contract/standard-webhooks.ts";
import { type Deployment, startDeployment } from "./deployment/deployment.ts";
import { startForgeServer } from "./forge-server/server.ts";
import type { RepositoryState } from "./forge-server/state.ts";
import { until } from "./process/until.ts";

const TOKEN = "a-token-of-the-test";
const OID = "a".repeat(40);

let folder: string;
let deployment: Deployment;
let secret: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "forge-loop-"));
  deployment = await startDeployment(folder);
  const made = await deployment.api.send("POST", "/runners", { name: "job" });
  secret = RunnerCreated.parse(made.json).secret;
});
afterAll(async () => {
  await deployment?.edge.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function signed(path: string, key: string, body: unknown): Promise<unknown> {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const headers = await signWebhook(key, crypto.randomUUID(), bytes, Date.now());
  const url = deployment.edge.url + path;
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: bytes,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text) as unknown;
}

/** What a job does: claims the attempt that its inputs name, and reports. */
async function work(inputs: Record<string, string>, result: Partial<AttemptResult>): Promise<void> {
  const attemptId = inputs.attemptId ?? inputs.PATCH_MOI_ATTEMPT_ID;
  const epoch = Number(inputs.epoch ?? inputs.PATCH_MOI_EPOCH);
  const runner = { name: "job", version: "1.0.0" };
  const nonce = crypto.randomUUID();
  const job = JobEnvelope.parse(
    await signed("/runner/claim", secret, { attemptId, epoch, nonce, waitSeconds: 0, runner }),
  );
  const callback = { type: "attempt.result", attemptId, epoch, nonce, seq: 1, data: { candidates: [], ...result } };
  await signed("/webhooks/runner", job.callbackKey, callback);
}

const release = (stackId: string, tag: string) =>
  deployment.api.send("POST", "/flow-events", {
    id: `patch:by-hand-${stackId}:${tag}:upstream.release`,
    type: "upstream.release",
    payload: { entry: { entryId: tag, tag } },
    stackIds: [stackId],
  });

function newRun(fork: RepositoryState, count: number) {
  return until("the run to be started", () => (fork.runs.length === count ? fork.runs[0] : undefined), {
    timeoutMs: 60_000,
  });
}

it.each([
  ["github", "github-actions"],
  ["forgejo", "forgejo-actions"],
  ["gitlab", "gitlab-ci"],
] as const)("an event goes through %s and back", async (kind, driver) => {
  await using server = await startForgeServer(kind);
  server.tokens.set(TOKEN, "patch-moi");
  const fork = server.state.add("office", kind);
  const value = join(folder, "token");
  writeFileSync(value, TOKEN);
  const host = new URL(server.url).host;
  const added = await deployment.cli([
    "credentials",
    "add",
    kind,
    "--kind",
    `${kind}-token`,
    "--host",
    host,
    "--value-file",
    value,
  ]);
  expect(added).toMatchObject({ code: 0 });
  await deployment.api.putStack(kind, {
    upstream: { url: "https://git.example.org/lantern-project/lantern" },
    fork: { url: `${server.url}/office/${kind}.git`, forge: { kind, apiUrl: server.apiUrl } },
    branch: "office",
    policy: { driver, review: { pullRequest: true, status: true, intervention: "issue" } },
  });

  await release(kind, "v1.0.0");
  const first = await newRun(fork, 1);
  expect(first.name).toBe(`patch.moi ${kind}.1.1`);
  await work(first.inputs, { outcome: "needs_intervention", reason: { code: "conflict", message: "one patch" } });
  const issue = await until("an issue", () => fork.issues[0]);
  // No replay was made, so there is nothing to resolve in a clone.
  expect(issue.body).toContain(`patch.moi resume ${kind}.1 --note`);

  await release(kind, "v1.1.0");
  const second = await newRun(fork, 2);
  const candidate = { kind: "branch" as const, ref: `refs/heads/patch-moi/${kind}/v1.1.0`, oid: OID };
  fork.refs.set(`heads/patch-moi/${kind}/v1.1.0`, OID);
  await work(second.inputs, { outcome: "changed", candidates: [candidate] });
  const pull = await until("a proposal", () => fork.pulls[0]);
  expect(pull).toMatchObject({ head: `patch-moi/${kind}/v1.1.0`, base: "office", state: "open", author: "patch-moi" });
  expect(fork.statuses.get(OID)).toMatchObject([{ context: `patch.moi/${kind}` }]);
  await until("the issue to be closed", () => (issue.state === "closed" ? true : undefined));
  const opened = await until("the timeline to say so", async () =>
    (await deployment.api.attempt(`${kind}.2`)).timeline.find((entry) => entry.reason?.code === "review_opened"),
  );
  expect(opened.reason?.message).toContain(`/${pull.number}`);
  expect(server.problems).toEqual([]);
});
