/** A forge in trouble, as an operator sees it: what waits, for how long and why, and that nothing is lost or doubled. */
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  attemptDetail,
  call,
  changed,
  expectBody,
  oid,
  postRelease,
  TestRunner,
  tellResult,
} from "../../harness/edge/client.ts";
import { PlayedGithub } from "../../harness/edge/played-github.ts";
import { hmac } from "../../harness/edge/webhook-signature.ts";
import type { MaintenanceAttempt } from "../contract/attempt.ts";
import { Credential } from "../contract/credential.ts";
import { Health } from "../contract/health.ts";
import { JobEnvelope } from "../contract/runner-wire.ts";

let count = 0;
let name: string;
let forge: PlayedGithub;
let now: number;

beforeEach(async () => {
  name = `trouble-${count++}`;
  forge = new PlayedGithub(`https://${name}.example.org`);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const answer = await forge.answer(new Request(input, init));
    return answer ?? new Response(null, { status: 404 });
  });
  // Ahead of the platform's clock, whose alarms would ring at once otherwise: what is due is poked by the test.
  now = Math.ceil(Date.now() / 1000) * 1000 + 86_400_000;
  vi.useFakeTimers({ toFake: ["Date"], now });
  const host = new URL(forge.url).host;
  const credential = { kind: "github-token", name, host, value: "a-token-of-the-test" };
  expect((await call("POST", "/credentials", credential)).status).toBe(201);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function declare(id: string, policy: object = {}): Promise<string> {
  const put = await call("PUT", `/stacks/${id}`, {
    upstream: { url: "https://git.example.org/up" },
    fork: { url: `${forge.url}/acme/editor.git`, forge: { kind: "github" } },
    branch: "patched",
    policy: { driver: "github-actions", ...policy },
  });
  expect(put.status).toBe(201);
  return id;
}

/** The attempt once it stands as wanted, whatever leaves the outbox in the background. */
function attemptThat(id: string, stands: (attempt: MaintenanceAttempt) => boolean): Promise<MaintenanceAttempt> {
  return vi.waitFor(
    async () => {
      const { attempt } = await attemptDetail(id);
      if (!stands(attempt)) throw new Error(`${attempt.status} ${JSON.stringify(attempt.reason)}`);
      return attempt;
    },
    { timeout: 20_000, interval: 20 },
  );
}

const blocked = (attempt: MaintenanceAttempt) => attempt.status === "blocked";
const taken = (attempt: MaintenanceAttempt) => attempt.status === "dispatched" && forge.started.length > 0;

/** What the clock does when it has come so far. */
async function later(stackId: string, ms: number): Promise<void> {
  now += ms;
  vi.setSystemTime(now);
  expect(await env.PATCH_STACK.getByName(stackId).poke(stackId)).toMatchObject({ ok: true });
}

const limitedFor = (seconds: number) => () =>
  Response.json(
    { message: "API rate limit exceeded for user ID 7" },
    {
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(now / 1000) + seconds) },
    },
  );

it("a rate limit that one stack meets parks all of its host until the reset, and is told everywhere", async () => {
  const [first, second] = [await declare(`${name}-a`), await declare(`${name}-b`)];
  const until = new Date(now + 1800_000).toISOString();
  forge.trouble = limitedFor(1800);
  await postRelease(first, "v1.0.0");
  const limited = await attemptThat(`${first}.1`, blocked);
  expect(limited.reason).toMatchObject({ code: "forge_rate_limited" });
  expect(limited.reason?.message).toContain(until);
  const asked = forge.asked.length;
  await postRelease(second, "v1.0.0");
  const parked = await attemptThat(`${second}.1`, blocked);
  expect(parked.reason?.message).toMatch(
    new RegExp(`limits how often credential '${name}' may ask; it is asked nothing until ${until}; it is handed over`),
  );
  expect(forge.asked.length).toBe(asked);

  const health = expectBody(Health, await call("GET", "/healthz?deep=1"));
  expect(health.degraded?.find(({ what }) => what === "forges")?.why).toContain(
    `${name} for ${name}.example.org until ${until}`,
  );
  const credentials = async () =>
    z.object({ credentials: z.array(Credential) }).parse((await call("GET", "/credentials")).body).credentials;
  expect((await credentials()).find((one) => one.name === name)?.limitedUntil).toBe(until);

  // Not a moment before the reset, not both in the same second, and by themselves.
  forge.trouble = () => undefined;
  await later(first, 1799_000);
  await later(second, 0);
  expect(forge.asked.length).toBe(asked);
  await later(first, 61_000);
  await later(second, 0);
  for (const id of [first, second]) await attemptThat(`${id}.1`, taken);
  expect(new Set(forge.started.map(({ attemptId }) => attemptId))).toEqual(new Set([`${first}.1`, `${second}.1`]));
  expect(forge.started).toHaveLength(2);
  expect((await credentials()).find((one) => one.name === name)?.limitedUntil).toBeUndefined();
  const after = expectBody(Health, await call("GET", "/healthz?deep=1"));
  expect(after.healthy).toContain("forges");
});

it("the last request that a limit lets through is the last", async () => {
  const [first, second] = [await declare(`${name}-a`), await declare(`${name}-b`)];
  const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1000 + 60) };
  forge.trouble = ({ url }) =>
    url.endsWith("/acme/editor")
      ? Response.json(
          { id: 501, owner: { id: 77 }, full_name: "acme/editor", default_branch: "main", archived: false },
          { headers },
        )
      : undefined;
  await postRelease(first, "v1.0.0");
  await attemptThat(`${first}.1`, taken);
  const asked = forge.asked.length;
  await postRelease(second, "v1.0.0");
  expect(await attemptThat(`${second}.1`, blocked)).toMatchObject({ reason: { code: "forge_rate_limited" } });
  expect(forge.asked.length).toBe(asked);
});

it("a forge that answers 500 for more than an hour gets the work once it is up, once", async () => {
  const id = await declare(name);
  forge.trouble = () => Response.json({ message: "Server Error" }, { status: 500 });
  await postRelease(id, "v1.0.0");
  const down = await attemptThat(`${id}.1`, blocked);
  expect(down.reason?.code).toBe("forge_unavailable");
  expect(down.reason?.message).toMatch(/answered 500; it is handed over again at/);
  let asked = 0;
  for (let minutes = 0; minutes < 70; minutes += 7) {
    await later(id, 7 * 60_000);
    await attemptThat(`${id}.1`, blocked);
    expect(forge.asked.length).toBeGreaterThanOrEqual(asked);
    asked = forge.asked.length;
  }
  // Looked for again and again, with growing waits, and a person is not asked yet.
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(10);
  forge.trouble = () => undefined;
  await later(id, 40 * 60_000);
  expect(await attemptThat(`${id}.1`, taken)).toMatchObject({ retries: 0 });
  expect(forge.started).toHaveLength(1);
});

it("a rate limit in the middle of an attempt loses nothing: the result counts, and is put before people after the reset", async () => {
  const id = await declare(name, { review: { status: true } });
  await postRelease(id, "v1.0.0");
  await attemptThat(`${id}.1`, taken);
  const runner = await TestRunner.register(`${id}-job`);
  const job = expectBody(JobEnvelope, await runner.pull(undefined, { attemptId: `${id}.1`, epoch: 1 }));
  forge.trouble = limitedFor(1800);
  await tellResult(job, changed(job));
  expect(await attemptThat(`${id}.1`, ({ status }) => status === "changed")).toMatchObject({ epoch: 1 });
  // Tried once, and not again before the reset.
  await later(id, 0);
  await vi.waitFor(() => expect(forge.asked.at(-1)).toMatch(/statuses/));
  const asked = forge.asked.length;
  await later(id, 1790_000);
  expect([forge.asked.length, forge.statuses]).toEqual([asked, []]);
  forge.trouble = () => undefined;
  await later(id, 60_000);
  await vi.waitFor(() => expect(forge.statuses).toEqual([oid(4)]));
});

it("a comment that comes while the forge cannot be asked who wrote it is to be delivered again", async () => {
  const id = await declare(name);
  const source = { provider: "github", url: `https://github.com/acme/${id}/releases.atom`, event: "release" };
  await call("PUT", `/feed-sources/${id}`, { ...source, target: { mode: "maintain", stacks: [id] } });
  const created = await call("POST", `/feed-sources/${id}/webhook-secret`);
  const { secret } = z.object({ secret: z.string() }).parse(created.body);
  forge.trouble = limitedFor(600);
  await postRelease(id, "v1.0.0");
  await attemptThat(`${id}.1`, blocked);
  const body = JSON.stringify({
    action: "created",
    issue: { number: 7, pull_request: {} },
    comment: { id: 8, body: "/patch.moi pause" },
    repository: { id: 501, html_url: `${forge.url}/acme/editor` },
  });
  const response = await exports.default.fetch(`https://patch.test/webhooks/forge/${id}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": "issue_comment",
      "x-hub-signature-256": `sha256=${await hmac(secret, body)}`,
    },
    body,
  });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "60"]);
  expect(await response.json()).toMatchObject({
    error: { code: "forge_unavailable", message: expect.stringMatching(/asked nothing until/) as unknown },
  });
});
