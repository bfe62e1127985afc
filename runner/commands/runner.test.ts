import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type AttemptResult,
  ClaimRequest,
  type JobEnvelope,
  RunnerCallback,
} from "../../worker/contract/runner-wire.ts";
import { type GitDaemon, gitDaemon } from "../job/testing/git-daemon.ts";
import { type LoopbackEdge, loopbackEdge, type Reply } from "../job/testing/loopback-edge.ts";
import { lines, Repositories } from "../job/testing/repositories.ts";
import { newSecret, type Scratch, scratch, testEnvelope } from "../job/testing/scratch.ts";
import { patchMoi, testApi } from "./testing/command-line.ts";
import { at } from "./testing/records.ts";

let folder: Scratch;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder[Symbol.dispose]());

describe("runner register", () => {
  const created = (secret: string) => ({ runner: { name: "builder", labels: ["linux"], createdAt: at }, secret });

  test("keeps the secret for its owner only, and does not print it", async () => {
    const secret = newSecret();
    await using api = await testApi({ "POST /runners": created(secret) });
    const env = { ...api.env, PATCH_MOI_HOME: folder.home.root };
    const ended = await patchMoi(["runner", "register", "--name", "builder", "--label", "linux"], env);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).not.toContain(secret);
    expect(api.calls[0]?.body).toEqual({ name: "builder", labels: ["linux"] });
    expect(statSync(folder.home.identity).mode & 0o777).toBe(0o600);
    const server = `${api.env.PATCH_MOI_URL}/`;
    expect(JSON.parse(readFileSync(folder.home.identity, "utf8"))).toEqual({
      name: "builder",
      labels: ["linux"],
      secret,
      server,
    });
    const again = await patchMoi(["runner", "register", "--name", "builder"], env);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^already_registered: .*--replace/);
  });

  test("prints the secret when asked to", async () => {
    const secret = newSecret();
    await using api = await testApi({ "POST /runners": created(secret) });
    const env = { ...api.env, PATCH_MOI_HOME: folder.home.root };
    const ended = await patchMoi(["runner", "register", "--name", "builder", "--show-secret", "--json"], env);
    expect(JSON.parse(ended.stdout)).toMatchObject({ secret });
  });
});

describe("runners rotate", () => {
  const until = "2027-01-02T00:00:00.000Z";
  const rotated = (secret: string) => ({
    runner: { name: "builder", labels: [], createdAt: at, previousSecretUntil: until },
    secret,
  });

  test("keeps the new secret where the runner is, and shows it anywhere else", async () => {
    const [before, after] = [newSecret(), newSecret()];
    await using api = await testApi({
      "POST /runners": { runner: { name: "builder", labels: [], createdAt: at }, secret: before },
      "POST /runners/builder/rotate": rotated(after),
    });
    const env = { ...api.env, PATCH_MOI_HOME: folder.home.root };
    await patchMoi(["runner", "register", "--name", "builder"], env);
    const here = await patchMoi(["runners", "rotate", "builder"], env);
    expect(here).toMatchObject({ code: 0, stderr: "" });
    expect(here.stdout).not.toContain(after);
    expect(here.stdout).toContain(`the one before works until ${until}`);
    expect(JSON.parse(readFileSync(folder.home.identity, "utf8"))).toMatchObject({ name: "builder", secret: after });

    const elsewhere = join(folder.path, "elsewhere");
    const there = await patchMoi(["runners", "rotate", "builder"], { ...env, PATCH_MOI_HOME: elsewhere });
    expect(there.stdout).toContain(after);
    expect(existsSync(elsewhere)).toBe(false);
  });
});

describe("a runner process", () => {
  const secret = newSecret();
  let repositories: Repositories;
  let daemon: GitDaemon;
  let edge: LoopbackEdge;
  let envelope: JobEnvelope | undefined;
  let results: AttemptResult[];
  let ids: (string | null)[];
  let onClaim: () => void;
  let onResult: () => Reply | undefined;

  beforeEach(async () => {
    repositories = Repositories.in(folder.path);
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    daemon = await gitDaemon(folder.path);
    results = [];
    ids = [];
    onClaim = () => {};
    onResult = () => undefined;
    const callbackKey = newSecret();
    envelope = job({});
    edge = await loopbackEdge({
      secrets: [secret, callbackKey],
      reply: (seen) => {
        if (seen.path === "/runner/claim") {
          const claim = ClaimRequest.parse(seen.json);
          onClaim();
          const given = envelope;
          envelope = undefined;
          return given === undefined
            ? { status: 204 }
            : { status: 200, body: { ...given, nonce: claim.nonce, callbackKey } };
        }
        if (seen.method === "PUT")
          return { status: 200, body: { ack: Number(seen.query.get("offset")) + Buffer.byteLength(seen.body) } };
        const callback = RunnerCallback.parse(seen.json);
        if (callback.type === "attempt.result") {
          results.push(callback.data);
          ids.push(seen.headers.get("webhook-id"));
          const answer = onResult();
          if (answer !== undefined) return answer;
        }
        return { status: 200, body: { status: "applied", directive: "continue", attemptStatus: "changed" } };
      },
    });
  });
  afterEach(async () => {
    await edge.close();
    await daemon[Symbol.asyncDispose]();
  });

  function job(policy: unknown): JobEnvelope {
    return testEnvelope({
      upstream: daemon.urlOf(repositories.upstream),
      fork: daemon.urlOf(repositories.fork),
      policy,
    });
  }

  function env(): Record<string, string> {
    return {
      PATCH_MOI_URL: edge.url.href,
      PATCH_MOI_RUNNER_NAME: "builder",
      PATCH_MOI_RUNNER_SECRET: secret,
      PATCH_MOI_HOME: folder.home.root,
    };
  }

  test("does one job to its pushed candidate, then finds nothing to do", async () => {
    const ended = await patchMoi(["runner", "once", "--json"], env());
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      claimed: true,
      attemptId: "web.1",
      outcome: "changed",
      delivery: { kind: "accepted" },
    });
    expect(results).toMatchObject([{ outcome: "changed", candidates: [{ ref: "refs/heads/patch-moi/web/v2" }] }]);
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBe(results[0]?.candidates[0]?.oid);
    expect(readdirSync(folder.home.spool)).toEqual([]);
    const idle = await patchMoi(["runner", "once"], env());
    expect(idle).toMatchObject({ code: 0, stdout: "nothing to do\n" });
  });

  test("that is killed before its result was taken sends it at its next start, once", async () => {
    const killed = await patchMoi(["runner", "once"], env(), {
      onStart: (kill) => {
        onResult = () => {
          kill("SIGKILL");
          return { status: 503 };
        };
      },
    });
    expect(killed.code).toBeNull();
    expect(readdirSync(folder.home.spool)).toHaveLength(1);
    onResult = () => undefined;
    const next = await patchMoi(["runner", "once"], env());
    expect(next).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(next.stderr).toContain("left over");
    expect(results).toHaveLength(2);
    expect(results[0]).toEqual(results[1]);
    expect(ids[0]).toBe(ids[1]);
    expect(readdirSync(folder.home.spool)).toEqual([]);
  });

  test("with a wrong secret is told to register", async () => {
    const ended = await patchMoi(["runner", "once"], { ...env(), PATCH_MOI_RUNNER_SECRET: newSecret() });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/^unauthorized: .*patch\.moi runner register/);
  });

  test("ends at the first signal when it waits for work", async () => {
    envelope = undefined;
    const running = patchMoi(["runner", "start"], env(), { onStart: (kill) => (onClaim = () => kill("SIGTERM")) });
    const ended = await running;
    expect(ended.code).toBe(0);
    expect(ended.stdout).toBe("stopped after 0 jobs\n");
  });

  test("finishes its job after one signal", async () => {
    const marker = join(folder.path, "go");
    envelope = job({ verify: [`touch ${marker}.started; until test -e ${marker}; do sleep 0.05; done`] });
    const ended = await patchMoi(["runner", "start"], env(), {
      onStart: (kill) =>
        when(
          () => existsSync(`${marker}.started`),
          () => {
            kill("SIGINT");
            writeFileSync(marker, "");
          },
        ),
    });
    expect(ended).toMatchObject({ code: 0, stdout: "stopped after 1 job\n" });
    expect(results).toMatchObject([{ outcome: "changed" }]);
  });

  test("hands its job back after two", async () => {
    const marker = join(folder.path, "started");
    envelope = job({ verify: [`touch ${marker}; sleep 600`] });
    const ended = await patchMoi(["runner", "start"], env(), {
      onStart: (kill) =>
        when(
          () => existsSync(marker),
          () => {
            kill("SIGTERM");
            when(
              () => true,
              () => kill("SIGTERM"),
            );
          },
        ),
    });
    expect(ended.code).toBe(0);
    expect(results).toMatchObject([{ outcome: "failed", infrastructure: true, reason: { code: "runner_stopped" } }]);
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBeUndefined();
  });

  test("run event --local does the same work without a server, and pushes only when asked", async () => {
    const file = join(folder.path, "event.json");
    const config = join(folder.path, "patch-moi.json");
    const event = {
      id: "patch:web:v2:upstream.release",
      type: "upstream.release",
      payload: { entry: { entryId: "v2", tag: "v2" } },
    };
    writeFileSync(file, JSON.stringify(event));
    const { upstream, fork, branch } = job({}).stack;
    writeFileSync(config, JSON.stringify({ stacks: [{ id: "web", upstream, fork, branch }] }));
    const args = ["run", "event", "--file", file, "--local", "--config", config, "--json"];
    const looked = await patchMoi(args, { PATCH_MOI_HOME: folder.home.root });
    expect(looked).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(looked.stdout)).toMatchObject({ outcome: "changed", report: { counts: { carried: 2 } } });
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBeUndefined();
    const pushed = await patchMoi([...args, "--push"], { PATCH_MOI_HOME: folder.home.root });
    expect(pushed.code).toBe(0);
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toMatch(/^[0-9a-f]{40}$/);
  });
});

/** Does something once a condition holds, looking every few milliseconds. */
function when(holds: () => boolean, act: () => void): void {
  const timer = setInterval(() => {
    if (!holds()) return;
    clearInterval(timer);
    act();
  }, 20);
}
