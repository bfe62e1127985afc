/**
 * A real edge and each forge: an event starts a run there, the run's job claims the attempt and reports,
 * what came of it is before people on the forge and on the attempt's timeline, and lands once the forge's own
 * checks are green or a person whom the forge lets write says so in a comment. And whatever can be in the way.
 */
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { RunnerCreated } from "../worker/contract/identity.ts";
import { type AttemptResult, JobEnvelope } from "../worker/contract/runner-wire.ts";
import { signWebhook } from "../worker/contract/standard-webhooks.ts";
import { emptyReport } from "../worker/contract/testing/empty-report.ts";
import { type Deployment, startDeployment } from "./deployment/deployment.ts";
import type { ForgeKind } from "./forge-server/forge-api.ts";
import { type ForgeServer, startForgeServer } from "./forge-server/server.ts";
import type { ForgeComment, RepositoryState } from "./forge-server/state.ts";
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
  const answer = await sign(path, key, body);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text) as unknown;
}

async function sign(path: string, key: string, body: unknown): Promise<Response> {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const headers = await signWebhook(key, crypto.randomUUID(), bytes, Date.now());
  const url = deployment.edge.url + path;
  return fetch(url, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: bytes });
}

function claimOf(inputs: Record<string, string>, nonce: string) {
  const attemptId = inputs.attemptId ?? inputs.PATCH_MOI_ATTEMPT_ID;
  const epoch = Number(inputs.epoch ?? inputs.PATCH_MOI_EPOCH);
  return { attemptId, epoch, nonce, waitSeconds: 0, runner: { name: "job", version: "1.0.0" } };
}

/** What a job does: claims the attempt that its inputs name, and reports. */
async function work(inputs: Record<string, string>, result: Partial<AttemptResult>): Promise<void> {
  const attemptId = inputs.attemptId ?? inputs.PATCH_MOI_ATTEMPT_ID;
  const epoch = Number(inputs.epoch ?? inputs.PATCH_MOI_EPOCH);
  const nonce = crypto.randomUUID();
  const job = JobEnvelope.parse(await signed("/runner/claim", secret, claimOf(inputs, nonce)));
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

const DRIVER = { github: "github-actions", forgejo: "forgejo-actions", gitlab: "gitlab-ci" } as const;
const KINDS = ["github", "forgejo", "gitlab"] as const;

/** A forge with a fork on it, and the deployment's token for it. */
async function forgeWith(kind: ForgeKind, name: string): Promise<{ server: ForgeServer; fork: RepositoryState }> {
  const server = await startForgeServer(kind);
  server.tokens.set(TOKEN, "patch-moi");
  const fork = server.state.add("office", name);
  const value = join(folder, "token");
  writeFileSync(value, TOKEN);
  const { host } = new URL(server.url);
  const add = ["credentials", "add", `${kind}-${name}`, "--kind", `${kind}-token`, "--host", host];
  expect(await deployment.cli([...add, "--value-file", value])).toMatchObject({ code: 0 });
  return { server, fork };
}

function declare(id: string, { kind, url, apiUrl }: ForgeServer, fork: RepositoryState, policy: object = {}) {
  return deployment.api.putStack(id, {
    upstream: { url: "https://git.example.org/lantern-project/lantern" },
    fork: { url: `${url}/office/${fork.name}.git`, forge: { kind, apiUrl } },
    branch: "office",
    policy: { driver: DRIVER[kind], review: { pullRequest: true, status: true, intervention: "issue" }, ...policy },
  });
}

/** What a job that carried the stack onto the tag reports, its candidate pushed. */
function carried(stackId: string, fork: RepositoryState, tag: string): Partial<AttemptResult> {
  const name = `patch-moi/${stackId}/${tag}`;
  fork.refs.set(`heads/${name}`, OID);
  const report = emptyReport(stackId, {
    branch: "office",
    onto: { ref: tag, oid: "1".repeat(40) },
    head: { oid: "3".repeat(40) },
    result: { oid: OID, tree: "4".repeat(40) },
  });
  return { outcome: "changed", candidates: [{ kind: "branch", ref: `refs/heads/${name}`, oid: OID }], report };
}

const landed = (): Partial<AttemptResult> => ({
  outcome: "changed",
  candidates: [{ kind: "branch", ref: "refs/heads/office", oid: OID }],
  landed: { branch: "office", from: "3".repeat(40), to: OID },
});

it.each(KINDS)("an event goes through %s and back", async (kind) => {
  const { server, fork } = await forgeWith(kind, kind);
  await using _ = server;
  await declare(kind, server, fork);

  await release(kind, "v1.0.0");
  const first = await newRun(fork, 1);
  expect(first.name).toBe(`patch.moi ${kind}.1.1`);
  await work(first.inputs, { outcome: "needs_intervention", reason: { code: "conflict", message: "one patch" } });
  const issue = await until("an issue", () => fork.issues[0]);
  // No replay was made, so there is nothing to resolve in a clone.
  expect(issue.body).toContain(`patch.moi resume ${kind}.1 --note`);

  await release(kind, "v1.1.0");
  const second = await newRun(fork, 2);
  await work(second.inputs, carried(kind, fork, "v1.1.0"));
  const pull = await until("a proposal", () => fork.pulls[0]);
  expect(pull).toMatchObject({ head: `patch-moi/${kind}/v1.1.0`, base: "office", state: "open", author: "patch-moi" });
  expect(pull.body).not.toContain("/patch.moi");
  expect(fork.statuses.get(OID)).toMatchObject([{ context: `patch.moi/${kind}` }]);
  await until("the issue to be closed", () => (issue.state === "closed" ? true : undefined));
  const opened = await until("the timeline to say so", async () =>
    (await deployment.api.attempt(`${kind}.2`)).timeline.find((entry) => entry.reason?.code === "review_opened"),
  );
  expect(opened.reason?.message).toContain(`/${pull.number}`);
  expect(server.problems).toEqual([]);
});

const Webhook = z.object({ secret: z.string() });
const Taken = z.object({ status: z.string(), why: z.string().optional(), attemptIds: z.array(z.string()).optional() });

/** The fork's webhook as its forge sends it, with a delivery id of its own each time. */
async function deliver(kind: ForgeKind, sourceId: string, hook: string, event: string, body: object) {
  const text = JSON.stringify(body);
  const mac = createHmac("sha256", hook).update(text).digest("hex");
  const headers: Record<ForgeKind, Record<string, string>> = {
    github: {
      "x-github-event": event,
      "x-github-delivery": crypto.randomUUID(),
      "x-hub-signature-256": `sha256=${mac}`,
    },
    forgejo: { "x-forgejo-event": event, "x-forgejo-delivery": crypto.randomUUID(), "x-forgejo-signature": mac },
    gitlab: { "x-gitlab-event": event, "x-gitlab-event-uuid": crypto.randomUUID(), "x-gitlab-token": hook },
  };
  const url = `${deployment.edge.url}/webhooks/forge/${sourceId}`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers[kind] },
    body: text,
  });
  expect(answer.status).toBe(202);
  return Taken.parse(await answer.json());
}

it.each(KINDS)(
  "on %s a candidate lands when its checks are green, or by the comment of who may write",
  async (kind) => {
    const id = `${kind}-lands`;
    const { server, fork } = await forgeWith(kind, id);
    await using _ = server;
    fork.permissions.set("ada", "write").set("eve", "read");
    await declare(id, server, fork, { landing: "after_checks", checks: { required: ["build"] } });
    await deployment.api.putSource(id, {
      provider: "git",
      url: "https://git.example.org/lantern-project/lantern",
      event: "tag",
      enabled: false,
      target: { mode: "maintain", stacks: [id] },
    });
    const { secret: hook } = Webhook.parse(
      (await deployment.api.send("POST", `/feed-sources/${id}/webhook-secret`)).json,
    );
    const address = `${server.url}/office/${id}`;
    const repository = { id: fork.id, html_url: address, project: { id: fork.id, web_url: address } };
    const checked = () =>
      kind === "gitlab"
        ? deliver(kind, id, hook, "Pipeline Hook", { object_kind: "pipeline", project: repository.project })
        : deliver(kind, id, hook, "status", { state: "success", repository });
    const comment = ({ id: note, on, number, body }: ForgeComment) =>
      kind === "gitlab"
        ? deliver(kind, id, hook, "Note Hook", {
            object_kind: "note",
            project: repository.project,
            object_attributes: { id: note, note: body, noteable_type: "MergeRequest", action: "create" },
            merge_request: { iid: number },
          })
        : deliver(kind, id, hook, "issue_comment", {
            action: "created",
            issue: { number, ...(on === "pull" ? { pull_request: {} } : {}) },
            comment: { id: note, body },
            repository,
          });
    const build = (state: string) => fork.statuses.set(OID, [{ context: "build", state, description: "" }]);

    await release(id, "v1.0.0");
    await work((await newRun(fork, 1)).inputs, carried(id, fork, "v1.0.0"));
    const waits = await deployment.api.attemptThat(
      `${id}.2`,
      ({ reason }) => reason?.message.includes("build") === true,
    );
    expect(waits).toMatchObject({ operation: "land", status: "blocked", reason: { code: "checks_pending" } });
    const pull = await until("a proposal", () => fork.pulls[0]);
    expect(pull.body).toContain("`/patch.moi land`");
    build("success");
    expect(await checked()).toEqual({ status: "accepted", attemptIds: [`${id}.2`] });
    await work((await newRun(fork, 2)).inputs, landed());
    await until("the proposal to be closed", () => (pull.state === "closed" ? true : undefined));
    expect(pull.comments).toEqual([expect.stringContaining(`Landed on \`office\` by ${id}.2`)]);
    expect((await deployment.api.candidates(id))[0]?.landedAt).toBeDefined();

    // The next one's checks never come. Who only reads lands nothing; who may write does, once.
    build("pending");
    await release(id, "v1.1.0");
    await work((await newRun(fork, 3)).inputs, carried(id, fork, "v1.1.0"));
    await deployment.api.attemptThat(`${id}.4`, ({ status }) => status === "blocked");
    const open = await until("the next proposal", () => fork.pulls.find(({ state }) => state === "open"));
    const said = { on: "pull", number: open.number, body: "/patch.moi land" } as const;
    expect(await comment(server.state.say(fork, { ...said, author: "eve" }))).toMatchObject({
      status: "ignored",
      why: "'eve' may not write to the repository",
    });
    expect((await deployment.api.attempt(`${id}.4`)).attempt.status).toBe("blocked");
    const asked = server.state.say(fork, { ...said, author: "ada" });
    expect(await comment(asked)).toEqual({ status: "accepted", attemptIds: [`${id}.3`] });
    expect(await comment(asked)).toMatchObject({ status: "accepted" });
    await work((await newRun(fork, 4)).inputs, landed());
    await deployment.api.attemptThat(
      `${id}.5`,
      ({ operation, status }) => operation === "land" && status === "changed",
    );
    expect((await deployment.api.attempt(`${id}.4`)).attempt).toMatchObject({ status: "superseded" });
    await until("an answer", () => open.comments.find((text) => text.includes(`${id}.5 (land)`)));
    expect(open.comments.filter((text) => text.includes("(land)"))).toHaveLength(1);
    const { timeline } = await deployment.api.attempt(`${id}.3`);
    const { host } = new URL(server.url);
    expect(timeline.filter((entry) => entry.reason?.code === "asked_on_forge")).toMatchObject([
      { actor: `operator:ada@${host}` },
    ]);
    expect(await deployment.api.attempts({ stackId: id })).toHaveLength(5);
    expect(server.problems).toEqual([]);
  },
);

it("what is in the way of a hand-over is said so that a person knows what to do, and the work waits", async () => {
  const id = "obstacles";
  const { server, fork } = await forgeWith("github", id);
  await using _ = server;
  await declare(id, server, fork);
  let number = 0;
  const blocked = async (code: string, words: RegExp) => {
    number += 1;
    await release(id, `v${number}.0.0`);
    const { reason } = await deployment.api.attemptThat(`${id}.${number}`, ({ status }) => status === "blocked");
    expect(reason).toMatchObject({ code, message: expect.stringMatching(words) as unknown });
    expect(reason?.message).toMatch(/it is handed over again at 20/);
  };
  fork.workflows.clear();
  await blocked("workflow_missing", /no workflow 'patch-moi.yml' on 'main'.*put the workflow there/);
  fork.workflows.set("patch-moi.yml", "disabled");
  await blocked("workflow_disabled", /enable it on the forge/);
  fork.archived = true;
  await blocked("forge_archived", /unarchive it, or pause the stack/);
  fork.archived = false;
  server.state.add("office", "lamp");
  fork.movedTo = "office/lamp";
  await blocked("forge_moved", /is called 'office\/lamp' now; correct fork.url/);
  server.state.add("stranger", id);
  fork.movedTo = `stranger/${id}`;
  await blocked("forge_moved", /is called 'stranger\/obstacles' now/);
  server.state.repositories.clear();
  await blocked("forge_not_found", /knows no .*or the credential may not see it/);
  server.tokens.clear();
  await blocked("forge_unauthorized", /add a new one/);
  // Each newer release took the place of the one that waited; none is lost, none was started.
  const attempts = await deployment.api.attempts({ stackId: id });
  expect(attempts.map(({ status }) => status)).toEqual(["blocked", ...Array<string>(number - 1).fill("superseded")]);
  expect(fork.runs).toEqual([]);
});

it("a dispatch that was not answered but ran, a second run of it, and a stranger's proposal of its branch", async () => {
  const id = "doubles";
  const { server, fork } = await forgeWith("github", id);
  await using _ = server;
  await declare(id, server, fork);
  server.faults.add(/POST .*dispatches/, { kind: "done_unanswered" }, 1);
  await release(id, "v1.0.0");
  await deployment.api.attemptThat(`${id}.1`, ({ reason }) => reason?.code === "dispatch_unclear");
  expect(await deployment.cli(["sync", `${id}.1`])).toMatchObject({ code: 0 });
  expect(await deployment.api.attemptThat(`${id}.1`, ({ reason }) => reason === undefined)).toMatchObject({
    status: "dispatched",
    epoch: 1,
  });
  const run = await newRun(fork, 1);
  const { inputs } = server.state.dispatch(fork, "patch-moi.yml", "main", run.inputs);
  const theirs = { title: "mine", body: "", author: "mallory", base: "office", draft: false };
  server.state.propose(fork, { ...theirs, head: `patch-moi/${id}/v1.0.0` });
  await work(run.inputs, carried(id, fork, "v1.0.0"));
  const late = await sign("/runner/claim", secret, claimOf(inputs, crypto.randomUUID()));
  expect(late.status).toBe(409);
  const alone = await until("the timeline to say so", async () =>
    (await deployment.api.attempt(`${id}.1`)).timeline.find((entry) => entry.reason?.code === "review_left_alone"),
  );
  expect(alone.reason?.message).toMatch(
    /pull request #\d+ by mallory is open for this branch already, so it is left alone/,
  );
  expect(fork.pulls).toMatchObject([{ author: "mallory", body: "", comments: [], state: "open" }]);
  expect(await deployment.api.attempts({ stackId: id })).toMatchObject([{ status: "changed", epoch: 1 }]);
  expect(server.problems).toEqual([]);
});
