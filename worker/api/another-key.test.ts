/**
 * A record under another PATCH_SIGNING_KEY than it was made under, as after an import into a new deployment: what was
 * signed with the former key is refused, the operator is told which secrets to renew, and then the work goes on.
 */
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { call, declareStack, expectBody, postRelease, signed } from "../../harness/edge/client.ts";
import { hmac } from "../../harness/edge/webhook-signature.ts";
import { createApp } from "../app.ts";
import { Health } from "../contract/health.ts";
import { RunnerCreated } from "../contract/identity.ts";
import { JobEnvelope } from "../contract/runner-wire.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";

const app = createApp();
const elsewhere = { ...env, PATCH_SIGNING_KEY: "the-key-of-another-deployment-0123456789" };

type Answer = { status: number; body: unknown };

async function ask(method: string, path: string, headers: Record<string, string>, text?: string): Promise<Answer> {
  const init = { method, headers: { "content-type": "application/json", ...headers }, body: text ?? null };
  const response = await app.fetch(new Request(`https://patch.test${path}`, init), elsewhere);
  return { status: response.status, body: response.status === 204 ? undefined : await response.json() };
}

const operate = (method: string, path: string) =>
  ask(method, path, { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` });

async function claim(runner: string, secret: string): Promise<Answer> {
  const text = JSON.stringify({
    nonce: crypto.randomUUID(),
    waitSeconds: 0,
    runner: { name: runner, version: "1.0.0" },
  });
  return ask("POST", "/runner/claim", await signWebhook(secret, crypto.randomUUID(), encode(text), Date.now()), text);
}

const encode = (text: string) => new TextEncoder().encode(text);

async function keys() {
  const { ok, healthy, degraded } = Health.parse((await operate("GET", "/healthz?deep=1")).body);
  return { ok, fine: healthy?.includes("keys"), found: degraded?.find(({ what }) => what === "keys") };
}

it("says whose secrets are worth nothing under another signing key, and how to go on", async () => {
  const name = "mover";
  const secret = expectBody(
    RunnerCreated,
    await call("POST", "/runners", { name, labels: ["moved", "moved-too"] }),
    201,
  ).secret;
  await declareStack("moved");
  await declareStack("moved-too");
  await call("PUT", "/feed-sources/told", { provider: "feed", url: "https://feeds.test.org/a.xml", event: "release" });
  const before = (await call("POST", "/feed-sources/told/webhook-secret")).body as { secret: string };
  await postRelease("moved", "v1.0.0");
  const runner = { name, version: "1.0.0" };
  const nonce = crypto.randomUUID();
  const job = expectBody(JobEnvelope, await signed("/runner/claim", secret, { nonce, waitSeconds: 0, runner }));

  const said = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const constant = {
    status: 401,
    body: { error: { code: "unauthorized", message: "the request is not authenticated" } },
  };
  expect(await claim(name, secret)).toEqual(constant);
  const beat = JSON.stringify({
    type: "attempt.heartbeat",
    attemptId: job.attemptId,
    epoch: job.epoch,
    nonce: job.nonce,
    seq: 1,
    data: {},
  });
  expect(
    await ask("POST", "/webhooks/runner", await signWebhook(job.callbackKey, "beat", encode(beat), Date.now()), beat),
  ).toEqual(constant);
  const ping = "{}";
  const signature = { "x-hub-signature-256": `sha256=${await hmac(before.secret, ping)}`, "x-github-event": "ping" };
  expect(await ask("POST", "/webhooks/forge/told", signature, ping)).toEqual(constant);
  const lines = said.mock.calls
    .map(([line]) => String(line))
    .filter((line) => line.includes("another PATCH_SIGNING_KEY"));
  expect(lines.map((line) => (JSON.parse(line) as { why: string }).why.split(":")[0])).toEqual([name, "told"]);
  said.mockRestore();

  const told = await keys();
  expect([told.ok, told.fine]).toEqual([false, false]);
  expect(told.found?.why).toContain(`runner '${name}', the webhook of source 'told': what they sign is refused`);
  expect(told.found?.next).toContain("patch.moi runners rotate NAME");

  const rotated = (await operate("POST", `/runners/${name}/rotate`)).body as { secret: string };
  const renewed = (await operate("POST", "/feed-sources/told/webhook-secret")).body as { secret: string };
  expect(await keys()).toMatchObject({ fine: true, found: undefined });
  const now = { "x-hub-signature-256": `sha256=${await hmac(renewed.secret, ping)}`, "x-github-event": "ping" };
  expect((await ask("POST", "/webhooks/forge/told", now, ping)).status).toBe(202);
  // The attempt that ran is handed out again when its lease is over; everything else at once.
  await postRelease("moved-too", "v1.0.0");
  const next = JobEnvelope.parse((await claim(name, rotated.secret)).body);
  expect(next.attemptId).toBe("moved-too.1");
});
