/**
 * The three forges through one interface, against servers that hold every request against the forge's
 * own description of its API.
 */
import { generateKeyPairSync, verify } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Forge, ForgeFailure } from "../../worker/forges/forge.ts";
import { forgejo } from "../../worker/forges/forgejo/forgejo.ts";
import { appJwt, InstallationTokens } from "../../worker/forges/github/app.ts";
import { github } from "../../worker/forges/github/github.ts";
import { gitlab } from "../../worker/forges/gitlab/gitlab.ts";
import type { Result } from "../../worker/platform/result.ts";
import { rateLimited, secondaryLimited } from "./faults.ts";
import type { ForgeKind } from "./forge-api.ts";
import { type ForgeServer, startForgeServer } from "./server.ts";
import type { RepositoryState } from "./state.ts";

const KINDS = ["github", "forgejo", "gitlab"] as const;
const TOKEN = "a-token-of-the-test";
const OID = "a".repeat(40);
const outbound = { allowLocal: true };
const repository = { owner: "office", name: "lantern" };

function client(kind: ForgeKind, server: ForgeServer, token = TOKEN): Forge {
  const where = { apiUrl: server.apiUrl, host: new URL(server.url).host, outbound };
  const webUrl = `${server.url}/office/lantern`;
  const scheme = kind === "forgejo" ? "token" : "Bearer";
  const authorization = () => Promise.resolve({ ok: true as const, value: { authorization: `${scheme} ${token}` } });
  if (kind === "github")
    return github({
      caller: where,
      repository,
      webUrl,
      authorize: () => Promise.resolve({ ok: true, value: token }),
    });
  const options = { caller: { ...where, authorization }, repository, webUrl };
  return kind === "forgejo" ? forgejo(options) : gitlab(options);
}

async function value<T>(result: Promise<Result<T, ForgeFailure>>): Promise<T> {
  const given = await result;
  if (!given.ok) throw new Error(`${given.failure.code}: ${given.failure.message}`);
  return given.value;
}

async function failure(result: Promise<Result<unknown, ForgeFailure>>): Promise<ForgeFailure> {
  const given = await result;
  if (given.ok) throw new Error(`it succeeded with ${JSON.stringify(given.value)}`);
  return given.failure;
}

describe.each(KINDS)("%s", (kind) => {
  let server: ForgeServer;
  let fork: RepositoryState;
  let forge: Forge;
  beforeEach(async () => {
    server = await startForgeServer(kind);
    server.tokens.set(TOKEN, "patch-moi");
    fork = server.state.add("office", "lantern");
    fork.refs.set("heads/candidate", OID);
    forge = client(kind, server);
  });
  afterEach(async () => {
    expect(server.problems).toEqual([]);
    await server[Symbol.asyncDispose]();
  });

  const request = (epoch: number) => ({
    workflow: "patch-moi.yml",
    ref: "main",
    inputs: {
      v: "1",
      attemptId: "lantern.1",
      epoch: String(epoch),
      api: "https://patch.example.net",
      PATCH_MOI_DISPATCH: `patch.moi lantern.1.${epoch}`,
    },
  });

  it("tells of the repository and what people may", async () => {
    expect(await value(forge.self())).toBe("patch-moi");
    expect(await value(forge.repository())).toMatchObject({
      fullName: "office/lantern",
      id: String(fork.id),
      ownerId: String(fork.ownerId),
      defaultBranch: "main",
      archived: false,
    });
    expect(await value(forge.permission("nobody"))).toBe("none");
    fork.permissions.set("ada", "write");
    expect(await value(forge.permission("ada"))).toBe("write");
  });

  it("starts a run, finds it again by name, and cancels it", async () => {
    const since = new Date(Date.now() - 1000).toISOString();
    const { run } = await value(forge.dispatch(request(1)));
    expect(run?.id).toBe(String(fork.runs[0]?.id));
    expect(fork.runs[0]?.inputs).toMatchObject({ attemptId: "lantern.1", epoch: "1" });
    const name = "patch.moi lantern.1.1";
    const find = (wanted: string) => forge.findRun({ workflow: "patch-moi.yml", ref: "main", name: wanted, since });
    expect(await value(find(name))).toMatchObject({ id: run?.id, status: "queued" });
    expect(await value(find("patch.moi lantern.1.2"))).toBeUndefined();
    const id = run?.id ?? "";
    expect(await value(forge.run(id))).toMatchObject({ id, status: "queued" });
    await value(forge.cancelRun(id));
    expect(await value(forge.run(id))).toMatchObject({ status: "cancelled" });
    await value(forge.cancelRun(id));
  });

  it("makes, finds, changes and closes a proposal, and an issue", async () => {
    const made = await value(
      forge.createPull({ title: "carry", body: "one", head: "candidate", base: "main", draft: false }),
    );
    expect(made).toMatchObject({
      state: "open",
      author: "patch-moi",
      head: { branch: "candidate", oid: OID, here: true },
    });
    const again = await failure(
      forge.createPull({ title: "carry", body: "two", head: "candidate", base: "main", draft: false }),
    );
    expect(again).toMatchObject({ code: "refused" });
    expect(await value(forge.openPulls("main"))).toMatchObject([{ number: made.number, body: "one" }]);
    expect(await value(forge.openPulls("other"))).toEqual([]);
    await value(forge.commentOnPull(made.number, "superseded"));
    expect(await value(forge.updatePull(made.number, { body: "three", state: "closed" }))).toMatchObject({
      state: "closed",
      body: "three",
    });
    expect(await value(forge.openPulls("main"))).toEqual([]);
    expect(await value(forge.pullsOf("candidate"))).toMatchObject([{ state: "closed" }]);
    expect(fork.pulls[0]?.comments).toEqual(["superseded"]);
    const issue = await value(forge.createIssue({ title: "needs a person", body: "why" }));
    await value(forge.commentOnIssue(issue.number, "more"));
    expect(await value(forge.ownIssues())).toMatchObject([{ number: issue.number }]);
    await value(forge.updateIssue(issue.number, { state: "closed" }));
    expect(await value(forge.ownIssues())).toEqual([]);
  });

  it("writes and reads statuses, refs, branches and files", async () => {
    const status = {
      state: "success" as const,
      context: "patch.moi",
      description: "carried",
      url: "https://x.example.org/",
    };
    await value(forge.setStatus(OID, status));
    await value(forge.setStatus(OID, status));
    expect(await value(forge.checks(OID))).toMatchObject([{ name: "patch.moi", state: "succeeded" }]);
    expect(await value(forge.checks("b".repeat(40)))).toEqual([]);
    expect(await value(forge.refOid("heads/candidate"))).toBe(OID);
    expect(await value(forge.refOid("heads/none"))).toBeUndefined();
    await value(forge.createBranch("patch-moi/setup", OID));
    expect(await value(forge.refOid("heads/patch-moi/setup"))).toBe(OID);
    const file = { path: ".github/workflows/patch-moi.yml", branch: "patch-moi/setup", message: "add" };
    await value(forge.writeFile({ ...file, text: "on: [workflow_dispatch] # ü\n" }));
    expect(fork.files.get(`${file.branch}:${file.path}`)).toBe("on: [workflow_dispatch] # ü\n");
  });

  it("reads every check of a commit, also those on later pages, or says that it cannot", async () => {
    const status = (context: string, state: string, more = {}) => ({ context, state, description: "", ...more });
    const many = Array.from({ length: 119 }, (_, i) => status(`job ${i}`, "success"));
    const red = kind === "gitlab" ? "failed" : "failure";
    fork.statuses.set(OID, [
      ...many,
      status("last", red, { url: "https://ci.example.org/7" }),
      status("next", "pending"),
    ]);
    const read = await value(forge.checks(OID));
    expect(read.length).toBe(121);
    expect(read.filter(({ state }) => state !== "succeeded")).toEqual([
      { name: "last", state: "failed", url: "https://ci.example.org/7" },
      { name: "next", state: "pending" },
    ]);
    fork.statuses.set(
      OID,
      Array.from({ length: 600 }, (_, i) => status(`job ${i}`, "success")),
    );
    expect(await failure(forge.checks(OID))).toMatchObject({
      code: "refused",
      message: expect.stringContaining("policy.checks.required") as unknown,
    });
  });

  it("says what is wrong, and whether time helps", async () => {
    const dispatch = () => failure(forge.dispatch(request(1)));
    server.faults.add(/POST /, rateLimited(Date.now() + 1_800_000), 1);
    const limited = await dispatch();
    expect(limited.code).toBe("rate_limited");
    expect(Date.parse(limited.until ?? "") - Date.now()).toBeGreaterThan(1_700_000);
    server.faults.add(/POST /, secondaryLimited(120), 1);
    expect(Date.parse((await dispatch()).until ?? "") - Date.now()).toBeGreaterThan(110_000);
    server.faults.add(/POST /, secondaryLimited(), 1);
    expect(Date.parse((await dispatch()).until ?? "") - Date.now()).toBeGreaterThan(50_000);
    server.faults.add(/POST /, { kind: "status", status: 502, body: { message: "bad gateway" } }, 1);
    expect(await dispatch()).toMatchObject({ code: "unavailable", status: 502 });
    server.faults.add(/POST /, { kind: "status", status: 403, body: { message: "Resource not accessible" } }, 1);
    expect(await dispatch()).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("not accessible") as unknown,
    });
    server.faults.add(/GET /, { kind: "status", status: 200, body: { message: "not this" } }, 1);
    expect(await failure(forge.repository())).toMatchObject({ code: "unexpected_answer" });
    expect(await failure(client(kind, server, "another-token").self())).toMatchObject({ code: "unauthorized" });
    fork.archived = true;
    expect(await dispatch()).toMatchObject({ code: "archived" });
    fork.archived = false;
    server.state.add("new-office", "lantern");
    fork.movedTo = "new-office/lantern";
    expect(await value(forge.repository())).toMatchObject({ fullName: "new-office/lantern" });
    server.state.repositories.clear();
    expect(await dispatch()).toMatchObject({ code: "not_found" });
  });

  it("does not know whether a dispatch that was not answered ran, and can ask", async () => {
    const since = new Date(Date.now() - 1000).toISOString();
    server.faults.add(/POST /, { kind: "done_unanswered" }, 1);
    expect(await failure(forge.dispatch(request(1)))).toMatchObject({ code: "unavailable" });
    const found = await value(
      forge.findRun({ workflow: "patch-moi.yml", ref: "main", name: "patch.moi lantern.1.1", since }),
    );
    expect(found?.id).toBe(String(fork.runs[0]?.id));
  });
});

async function opened(kind: ForgeKind) {
  const server = await startForgeServer(kind);
  server.tokens.set(TOKEN, "patch-moi");
  return { server, fork: server.state.add("office", "lantern"), forge: client(kind, server) };
}

it("GitHub: jobs that are no check runs yet, and workflows that could not start, are told by their suite", async () => {
  const { server, fork, forge } = await opened("github");
  await using _ = server;
  const suite = (app: string, status: string, conclusion: string | null, runs: number) => ({
    app,
    status,
    conclusion,
    runs,
  });
  fork.checkRuns.set(OID, [
    { name: "build", status: "completed", conclusion: "success", url: "https://ci.example.org/1" },
  ]);
  fork.checkSuites.set(OID, [suite("github-actions", "in_progress", null, 1), suite("idle-app", "queued", null, 0)]);
  expect(await value(forge.checks(OID))).toEqual([
    { name: "build", state: "succeeded", url: "https://ci.example.org/1" },
    { name: "workflows of GitHub Actions", state: "pending" },
  ]);
  fork.checkSuites.set(OID, [suite("github-actions", "completed", "startup_failure", 0)]);
  expect((await value(forge.checks(OID))).at(-1)).toMatchObject({ state: "failed" });
  fork.checkSuites.set(OID, [suite("github-actions", "completed", "success", 1)]);
  expect(await value(forge.checks(OID))).toHaveLength(1);
  expect(server.problems).toEqual([]);
});

it("GitLab: a job that may fail stops nothing, a pipeline without jobs does", async () => {
  const { server, fork, forge } = await opened("gitlab");
  await using _ = server;
  fork.statuses.set(OID, [
    { context: "lint", state: "failed", description: "", mayFail: true },
    { context: "deploy", state: "manual", description: "", mayFail: true },
    { context: "release", state: "manual", description: "" },
  ]);
  fork.pipelines.set(OID, [
    { id: 3, ref: "candidate", status: "success", source: "push" },
    { id: 2, ref: "candidate", status: "failed", source: "push" },
    { id: 1, ref: "candidate", status: "failed", source: "merge_request_event" },
    { id: 0, ref: "candidate", status: "running", source: "external" },
  ]);
  expect((await value(forge.checks(OID))).map(({ name, state }) => `${name} ${state}`)).toEqual([
    "lint succeeded",
    "deploy succeeded",
    "release pending",
    "pipeline 1 failed",
  ]);
  expect(server.problems).toEqual([]);
});

describe("a GitHub App", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const app = { name: "github", appId: "12345", value: pem };

  it("signs a JWT of ten minutes at most that names the app", async () => {
    const now = Date.parse("2026-11-22T12:00:00Z");
    const jwt = await appJwt("12345", pem, now);
    const [head, claims, signature] = (jwt ?? "").split(".");
    const signed = verify(
      "RSA-SHA256",
      Buffer.from(`${head}.${claims}`),
      publicKey,
      Buffer.from(signature ?? "", "base64url"),
    );
    expect(signed).toBe(true);
    const { iat, exp, iss } = JSON.parse(Buffer.from(claims ?? "", "base64url").toString()) as Record<string, number>;
    expect([iss, (iat ?? 0) * 1000 < now, (exp ?? 0) - (iat ?? 0) <= 600]).toEqual(["12345", true, true]);
  });

  it("asks for a token of one repository and what is needed, once until shortly before it ends", async () => {
    await using server = await startForgeServer("github");
    server.state.add("office", "lantern");
    let now = Date.now();
    const tokens = new InstallationTokens(() => now);
    const place = { apiUrl: server.apiUrl, host: "github.com", outbound };
    const token = (permissions: Record<string, "read" | "write">) => tokens.token(app, place, repository, permissions);
    expect(await value(token({ actions: "write" }))).toBe("ghs_installation");
    await value(token({ actions: "write" }));
    const made = () => server.asked.filter((line) => line.endsWith("/access_tokens")).length;
    expect(made()).toBe(1);
    await value(token({ pull_requests: "write" }));
    expect(made()).toBe(2);
    now += 54 * 60_000;
    await value(token({ actions: "write" }));
    expect(made()).toBe(2);
    now += 2 * 60_000;
    await value(token({ actions: "write" }));
    expect(made()).toBe(3);
    expect(server.problems).toEqual([]);
    server.state.repositories.clear();
    expect(await failure(tokens.token(app, place, { owner: "office", name: "other" }, {}))).toMatchObject({
      code: "not_found",
      message: expect.stringContaining("is not installed on office/other") as unknown,
    });
  });
});
