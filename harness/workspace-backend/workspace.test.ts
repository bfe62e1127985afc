/** Work that a workspace backend does: handed over, read back, replayed and stopped, over HTTP and WebSocket. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { type Deployment, startDeployment } from "../deployment/deployment.ts";
import { until } from "../process/until.ts";
import { WorkspaceBackend } from "./backend.ts";

const SECRET = "the-secret-of-the-workspace-backend";
const OID = "c".repeat(40);
const CHANGED = {
  status: "changed",
  message: "carried 3 patches",
  artifacts: {
    candidateRefs: [{ ref: "refs/heads/carried", sha: OID }],
    candidateRef: { ref: "refs/heads/carried", oid: OID },
  },
};

let folder: string;
let deployment: Deployment;
let backend: WorkspaceBackend;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "workspace-"));
  backend = await WorkspaceBackend.start(SECRET);
  deployment = await startDeployment(folder);
  const credential = { kind: "workspace-secret", name: "workspace", host: backend.host, value: SECRET };
  const wrong = { ...credential, name: "wrong", value: "not-what-the-backend-knows" };
  for (const one of [credential, wrong])
    expect((await deployment.api.send("POST", "/credentials", one)).status).toBe(201);
});

beforeEach(() => {
  backend.calls.length = 0;
});

afterAll(async () => {
  await deployment?.edge.stop();
  backend?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function declare(id: string, scheme: "http" | "ws", more: object = {}): Promise<void> {
  const surface = { url: `${scheme}://${backend.host}/events`, credential: "workspace", ...more };
  await deployment.api.putStack(id, { policy: { driver: `workspace-${scheme}`, surface } });
}

/** Accepts an event by hand; its id. */
async function release(stackId: string, tag = "v1.0.0"): Promise<string> {
  const id = `patch:by-hand:${stackId}-${tag}:upstream.release`;
  const event = { id, type: "upstream.release", payload: { entry: { entryId: tag, tag } }, stackIds: [stackId] };
  expect((await deployment.api.send("POST", "/flow-events", event)).status).toBe(201);
  return id;
}

async function sync(id: string): Promise<MaintenanceAttempt> {
  const answer = await deployment.api.send("POST", `/maintenance-attempts/${id}/sync`);
  expect(answer.status).toBe(200);
  return (answer.json as { attempt: MaintenanceAttempt }).attempt;
}

type Dispatches = { dispatches: { driver: string; outcome?: string; runs?: { id: string; url?: string }[] }[] };

async function dispatches(eventId: string): Promise<Dispatches["dispatches"]> {
  const answer = await deployment.api.send("GET", `/workspace-dispatches?eventId=${encodeURIComponent(eventId)}`);
  return (answer.json as Dispatches).dispatches;
}

describe.each(["http", "ws"] as const)("over %s", (scheme) => {
  it("hands an event over once, reads its run back, and replays it as a run of its own", async () => {
    const stack = `carried-${scheme}`;
    await declare(stack, scheme);
    const eventId = await release(stack);
    await until("the run", () => Promise.resolve(backend.runs.find((run) => run.eventId === eventId)));
    expect(await sync(`${stack}.1`)).toMatchObject({ status: "running" });
    backend.end(eventId, CHANGED);
    const changed = await sync(`${stack}.1`);
    expect(changed).toMatchObject({
      status: "changed",
      reason: { code: "run_changed", message: "carried 3 patches" },
      candidates: [{ kind: "branch", ref: "refs/heads/carried", oid: OID }],
    });
    const [first] = await dispatches(eventId);
    expect(first).toMatchObject({ driver: `workspace-${scheme}`, outcome: "changed" });
    expect(first?.runs?.[0]?.url).toBe(
      scheme === "http" ? `http://${backend.host}/runs/${first?.runs?.[0]?.id}` : undefined,
    );

    const replayed = await deployment.api.replay(eventId);
    expect(replayed.attempt).toMatchObject({ id: `${stack}.2`, operation: "replay" });
    await until("the second run", () =>
      Promise.resolve(backend.runs.filter((run) => run.eventId === eventId).length > 1 || undefined),
    );
    backend.end(eventId, { status: "failed", message: "the tests do not pass", artifacts: {} });
    // Nobody asks for this one: the edge looks by itself.
    const failed = await deployment.api.attemptThat(`${stack}.2`, ({ status }) => status === "failed");
    expect(failed.reason).toEqual({ code: "run_failed", message: "the tests do not pass" });
    const posts = backend.calls.filter((call) => call === "POST /events" || call === "flow.dispatch");
    expect(posts).toHaveLength(1);
    const land = await deployment.api.send("POST", `/maintenance-attempts/${stack}.1/land`);
    expect([land.status, land.text]).toEqual([409, expect.stringContaining("land the candidate there")]);
  });

  it("shows what the backend itself says", async () => {
    const stack = `carried-${scheme}`;
    const runs = await deployment.api.send("GET", `/workspace-runs?stackId=${stack}`);
    expect([runs.status, runs.text.slice(0, 300)]).toEqual([200, expect.any(String)]);
    expect((runs.json as { runs: { id: string }[] }).runs.map(({ id }) => id)).toContain(backend.runs[0]?.id);
    const one = await deployment.api.send("GET", `/workspace-runs/${backend.runs[0]?.id}?stackId=${stack}`);
    expect(one.json).toMatchObject({ run: { eventId: backend.runs[0]?.eventId } });
    const missing = await deployment.api.send("GET", `/workspace-events/nobody?stackId=${stack}`);
    expect(missing.status).toBe(404);
    expect((await deployment.api.send("GET", "/workspace-events")).status).toBe(400);
  });
});

it("stops a run that an operator cancels", async () => {
  await declare("stopped", "ws");
  const eventId = await release("stopped");
  const run = await until("the run", () => Promise.resolve(backend.runs.find((one) => one.eventId === eventId)));
  await sync("stopped.1");
  const cancelled = await deployment.api.send("POST", "/maintenance-attempts/stopped.1/cancel");
  expect(cancelled.json).toMatchObject({ attempt: { status: "cancelled" } });
  await until("the run to be stopped", () => Promise.resolve(run.status === "cancelled" || undefined));
});

describe("a backend in trouble", () => {
  it("that took the work and answered 500 is asked, and not told again", async () => {
    await declare("doubtful", "http");
    backend.trouble.set("POST /events", [{ status: 500, body: "out of memory", after: true }]);
    const eventId = await release("doubtful");
    const unclear = await deployment.api.attemptThat("doubtful.1", ({ reason }) => reason?.code === "dispatch_unclear");
    expect(unclear).toMatchObject({ status: "dispatched", epoch: 1 });
    expect(unclear.reason?.message).toContain("500: out of memory");
    expect(await sync("doubtful.1")).toMatchObject({ status: "running" });
    backend.end(eventId, { status: "completed" });
    expect(await sync("doubtful.1")).toMatchObject({ status: "completed" });
    expect(backend.calls.filter((call) => call === "POST /events")).toHaveLength(1);
  });

  it("that limits us parks the attempt until it takes it, and says so", async () => {
    await declare("limited", "http");
    backend.trouble.set("POST /events", [{ status: 429, body: "slow down", headers: { "retry-after": "2" } }]);
    const eventId = await release("limited");
    const parked = await deployment.api.attemptThat(
      "limited.1",
      ({ status, epoch }) => status === "blocked" || epoch > 2,
    );
    expect(parked.reason?.message).toMatch(/429: slow down; it is handed over again at 2/);
    await until("the run", () => Promise.resolve(backend.runs.find((run) => run.eventId === eventId)));
  });

  it("that knows another secret leaves the attempt blocked, with what it said", async () => {
    await declare("stranger", "http", { credential: "wrong" });
    await release("stranger");
    const blocked = await deployment.api.attemptThat("stranger.1", ({ status }) => status === "blocked");
    expect(blocked.reason?.code).toBe("surface_unauthorized");
    expect(blocked.reason?.message).toContain("401: bad signature");
  });

  it("that says garbage, too much or nothing of use changes nothing", async () => {
    await declare("garbled", "http");
    const eventId = await release("garbled");
    await until("the run", () => Promise.resolve(backend.runs.find((run) => run.eventId === eventId)));
    await sync("garbled.1");
    const bad = [
      { status: 200, body: "<html>" },
      { status: 200, body: '{"runs":[{"id":{}}]}' },
      { status: 200, body: `{"runs":[],"more":"${"x".repeat(2 * 1024 * 1024)}"}` },
    ];
    for (const trouble of bad) {
      backend.trouble.set("GET /runs", [trouble]);
      backend.trouble.set("GET /runs/:id", [trouble]);
      expect(await sync("garbled.1")).toMatchObject({ status: "running" });
    }
    backend.trouble.clear();
    backend.end(eventId, { status: "changed", artifacts: { candidateRef: "refs/heads/nameless" } });
    expect(await sync("garbled.1")).toMatchObject({
      status: "changed",
      candidates: [],
      reason: { code: "candidate_unnamed", message: expect.stringContaining("refs/heads/nameless") as string },
    });
  });
});
