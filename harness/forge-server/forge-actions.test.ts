/**
 * Work handed to forges: taken once, found again, stopped, and everything that can be in the way said so
 * that a person knows what to do.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StackConfig } from "../../worker/contract/stack.ts";
import { type Surface, surfaceOf } from "../../worker/contract/surface.ts";
import type { Driver, DriverContext, HandOut } from "../../worker/dispatch/driver.ts";
import { driverNamed } from "../../worker/dispatch/drivers.ts";
import { readSettings } from "../../worker/platform/settings.ts";
import { rateLimited } from "./faults.ts";
import { type ForgeServer, startForgeServer } from "./server.ts";
import type { RepositoryState } from "./state.ts";

const TOKEN = "a-token-of-the-test";
const SURFACES = [
  ["github", "github-actions", "github-token"],
  ["forgejo", "forgejo-actions", "forgejo-token"],
  ["gitlab", "gitlab-ci", "gitlab-token"],
] as const;

describe.each(SURFACES)("%s", (kind, name, credentialKind) => {
  let server: ForgeServer;
  let fork: RepositoryState;
  let driver: Driver;
  let surface: Surface;
  let config: StackConfig;
  let context: DriverContext;
  let limitedUntil: string | undefined;
  beforeEach(async () => {
    limitedUntil = undefined;
    server = await startForgeServer(kind);
    server.tokens.set(TOKEN, "patch-moi");
    fork = server.state.add("office", "lantern");
    config = StackConfig.parse({
      upstream: { url: "https://git.example.org/lantern-project/lantern" },
      fork: { url: `${server.url}/office/lantern.git`, forge: { kind, apiUrl: server.apiUrl } },
      branch: "office",
      policy: { driver: name },
    });
    surface = surfaceOf(config.policy);
    driver = driverNamed(name) ?? expect.unreachable();
    const host = new URL(server.url).host;
    context = {
      settings: readSettings({ PATCH_URL: "https://patch.example.net", PATCH_ALLOW_LOCAL: "true" }),
      outbound: { allowLocal: true },
      limited: (credential, until) => {
        expect(credential).toBe("x");
        limitedUntil = until;
        return Promise.resolve();
      },
      now: () => Date.now(),
      credential: (wanted) => {
        expect(wanted).toMatchObject({ host });
        return Promise.resolve({
          ok: true,
          value: {
            name: "x",
            kind: credentialKind,
            host,
            value: TOKEN,
            ...(limitedUntil === undefined ? {} : { limitedUntil }),
          },
        });
      },
    };
  });
  afterEach(async () => {
    expect(server.problems).toEqual([]);
    await server[Symbol.asyncDispose]();
  });

  function handOut(epoch = 1, more: Partial<HandOut> = {}): HandOut {
    return {
      id: `lantern.1.${epoch}`,
      attemptId: "lantern.1",
      epoch,
      stackId: "lantern",
      operation: "maintain",
      event: {
        id: "e",
        type: "upstream.release",
        receivedAt: "2026-11-22T00:00:00.000Z",
        payload: { entry: { entryId: "v1" } },
      },
      config,
      runs: [],
      earlierRuns: [],
      createdAt: new Date().toISOString(),
      ...more,
    };
  }
  const dispatch = (work = handOut()) => driver.dispatch(work, surface, context);
  const status = (work = handOut()) => driver.status(work, surface, context);

  it("hands over an attempt's name and nothing else, and follows the run to its end", async () => {
    const taken = await dispatch();
    const [run] = fork.runs;
    expect(taken).toMatchObject({ kind: "taken", runs: [{ id: String(run?.id) }] });
    const inputs = Object.values(run?.inputs ?? {}).toSorted();
    expect(inputs.slice(0, 4)).toEqual(["1", "1", "https://patch.example.net", "lantern.1"]);
    expect(JSON.stringify(run)).not.toContain(TOKEN);
    const runs = "runs" in taken ? taken.runs : [];
    expect(await status(handOut(1, { runs }))).toMatchObject({ kind: "waiting" });
    if (run !== undefined) run.status = "running";
    expect(await status(handOut(1, { runs }))).toMatchObject({ kind: "running", runs });
    if (run !== undefined) run.status = "failed";
    expect(await status(handOut(1, { runs }))).toMatchObject({
      kind: "ended",
      message: expect.stringMatching(/failed/) as unknown,
    });
    fork.runs.length = 0;
    expect(await status(handOut(1, { runs }))).toMatchObject({
      kind: "ended",
      message: expect.stringMatching(/no run/) as unknown,
    });
  });

  it("finds a run whose dispatch was not answered, and not one of another hand-out", async () => {
    server.faults.add(/POST /, { kind: "done_unanswered" }, 1);
    expect(await dispatch()).toMatchObject({ kind: "unclear" });
    expect(await status(handOut(2))).toEqual({ kind: "absent" });
    expect(await status()).toMatchObject({ kind: "waiting", runs: [{ id: String(fork.runs[0]?.id) }] });
    expect(await driver.cancel(handOut(), surface, context)).toEqual({ ok: true, value: undefined });
    expect(fork.runs[0]?.status).toBe("cancelled");
    expect(await driver.cancel(handOut(7), surface, context)).toEqual({ ok: true, value: undefined });
  });

  it("takes one of two runs of one hand-out for it", async () => {
    await dispatch();
    await dispatch();
    expect(fork.runs).toHaveLength(2);
    expect(await status()).toMatchObject({ kind: "waiting", runs: [{ id: String(fork.runs[0]?.id) }] });
  });

  it("waits for a rate limit's end, and for a forge that is down", async () => {
    server.faults.add(/POST /, rateLimited(Date.now() + 900_000), 1);
    const limited = await dispatch();
    expect(limited).toMatchObject({ kind: "later", reason: { code: "forge_rate_limited" } });
    const { afterSeconds = 0 } = limited as { afterSeconds?: number };
    expect(afterSeconds).toBeGreaterThan(800);
    expect(afterSeconds).toBeLessThanOrEqual(900);
    // Whoever comes next with that credential asks nothing before the limit's end.
    const asked = server.asked.length;
    expect(await dispatch()).toMatchObject({ kind: "later", reason: { code: "forge_rate_limited" } });
    expect(await status()).toMatchObject({ kind: "unknown", reason: { code: "forge_rate_limited" } });
    expect(server.asked.length).toBe(asked);
    context = { ...context, now: () => Date.now() + 900_000 };
    expect(await status()).toEqual({ kind: "absent" });
    server.faults.add(/GET /, { kind: "status", status: 500 });
    // Five minutes, an hour: as long as it is asked, the answer is the same and nothing was started.
    for (let i = 0; i < 3; i++) expect(await dispatch()).toMatchObject({ kind: "later" });
    expect(await status()).toMatchObject({ kind: "unknown" });
    expect(fork.runs).toEqual([]);
    server.faults.clear();
    server.faults.add(/POST /, { kind: "status", status: 500 }, 1);
    expect(await dispatch()).toMatchObject({ kind: "unclear" });
  });

  it("refuses a repository that is renamed, archived or gone, a credential that is, and an edge without an address", async () => {
    const says = async (code: string, words: RegExp, work?: HandOut) => {
      const answer = await dispatch(work);
      expect(answer).toMatchObject({
        kind: "refused",
        reason: { code, message: expect.stringMatching(words) as unknown },
      });
    };
    fork.archived = true;
    await says("forge_archived", /unarchive it, or pause the stack/);
    fork.archived = false;
    server.state.add("stranger", "lantern");
    fork.movedTo = "stranger/lantern";
    await says("forge_moved", /'office\/lantern' is called 'stranger\/lantern' now; correct fork.url/);
    server.state.repositories.clear();
    await says("forge_not_found", /credential may not see it/);
    server.tokens.clear();
    await says("forge_unauthorized", /may have expired or been revoked: add a new one/);
    context = {
      ...context,
      credential: () => Promise.resolve({ ok: false, failure: { code: "no_credential", message: "there is none" } }),
    };
    await says("forge_no_credential", /there is none/);
    await says("forge_unknown_forge", /names no fork/, handOut(1, { config: { ...config, fork: undefined } }));
    context = { ...context, settings: { ...context.settings, publicOrigin: undefined } };
    await says("not_configured", /set PATCH_URL/);
  });

  it("says that the workflow is missing or disabled", async () => {
    const files = [...fork.workflows.keys()];
    if (kind !== "gitlab") {
      for (const file of files) fork.workflows.set(file, "disabled");
      expect(await dispatch()).toMatchObject({ kind: "refused", reason: { code: "workflow_disabled" } });
    }
    fork.workflows.clear();
    const answer = await dispatch();
    expect(answer).toMatchObject({
      kind: "refused",
      reason: { message: expect.stringMatching(/no workflow|Missing CI config/) as unknown },
    });
    expect(fork.runs).toEqual([]);
  });
});
