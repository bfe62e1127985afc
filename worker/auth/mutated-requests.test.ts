/**
 * Ten thousand requests that were signed and then changed, at every door that a signature opens: none is let in,
 * and all that a door refuses are told the same. The seed stands in the test's name: written in place of
 * `SEED`'s random number it plays the same ones again.
 */
import { env, exports } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  attemptDetail,
  call,
  declareStack,
  expectBody,
  postRelease,
  stackWithRunner,
} from "../../harness/edge/client.ts";
import { Visitor } from "../../harness/edge/console-visitor.ts";
import { Issuer } from "../../harness/oidc-issuer/issuer.ts";
import { RunnerCreated } from "../contract/identity.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";
import { toHex } from "./digest.ts";

const ORIGIN = "https://patch.test";
const REQUESTS = 10_000;
const SEED = Math.floor(Math.random() * 2 ** 31);
const CONSTANT = JSON.stringify({ error: { code: "unauthorized", message: "the request is not authenticated" } });

/** mulberry32 */
function dice(seed: number) {
  let state = seed;
  return (sides: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * sides);
  };
}
const roll = dice(SEED);

type Signed = { method: string; path: string; headers: Record<string, string>; body: string | undefined };
/** A request that would be let in, the parts of it that prove who sends, and the one answer to all others. */
type Door = { name: string; request: Signed; proof: readonly string[]; refusal: readonly [number, string] };

const doors: Door[] = [];
const encode = (text: string) => Uint8Array.from(new TextEncoder().encode(text));

async function standard(
  path: string,
  method: string,
  secret: string,
  body: string,
  more: object = {},
): Promise<Signed> {
  const signature = await signWebhook(secret, crypto.randomUUID(), encode(body), Date.now());
  return { method, path, body, headers: { "content-type": "application/json", ...signature, ...more } };
}

async function hmacHex(secret: string, body: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encode(secret), algorithm, false, ["sign"]);
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(body))));
}

beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const issuer = await Issuer.start("https://issuer-mutated.forge.org");
  vi.spyOn(globalThis, "fetch").mockImplementation((input) => {
    const document = issuer.document(new Request(input).url);
    return Promise.resolve(Response.json(document?.body ?? {}, { status: document?.status ?? 404 }));
  });
  const refusal = [401, CONSTANT] as const;
  const proof = ["webhook-id", "webhook-timestamp", "webhook-signature", "body"];

  const runner = await stackWithRunner("mutated");
  await postRelease("mutated", "v1.0.0");
  const job = await runner.job();
  const { attemptId, epoch, nonce } = job;
  const beat = { type: "attempt.heartbeat", attemptId, epoch, nonce, seq: 0, data: {} };
  doors.push({
    name: "callback",
    request: await standard("/webhooks/runner", "POST", job.callbackKey, JSON.stringify(beat)),
    proof,
    refusal,
  });
  const logHeaders = { "x-patch-epoch": String(epoch), "x-patch-nonce": nonce };
  doors.push({
    name: "log",
    request: await standard(
      `/runner/attempts/${attemptId}/log?offset=0`,
      "PUT",
      job.callbackKey,
      "a line\n",
      logHeaders,
    ),
    proof: [...proof, "x-patch-nonce"],
    refusal,
  });
  const { secret } = expectBody(RunnerCreated, await call("POST", "/runners", { name: "mutated-claims" }), 201);
  const claim = { nonce: crypto.randomUUID(), waitSeconds: 0, runner: { name: "mutated-claims", version: "1.0.0" } };
  doors.push({
    name: "claim",
    request: await standard("/runner/claim", "POST", secret, JSON.stringify(claim)),
    proof,
    refusal,
  });

  const workflowRef = "acme/editor/.github/workflows/patch-moi.yml@refs/heads/main";
  const pins = { forge: "github", issuer: issuer.url, repositoryId: "501", ownerId: "77", workflowRef, events: ["x"] };
  await declareStack("mutated-oidc", { identity: pins });
  await postRelease("mutated-oidc", "v1.0.0");
  const token = await issuer.token({
    aud: ORIGIN,
    repository_id: "501",
    repository_owner_id: "77",
    workflow_ref: workflowRef,
    event_name: "x",
    runner_environment: "github-hosted",
    run_id: "1",
  });
  const named = { attemptId: "mutated-oidc.1", epoch: 1, nonce: crypto.randomUUID(), runner: claim.runner };
  doors.push({
    name: "id token",
    request: {
      method: "POST",
      path: "/runner/claim",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(named),
    },
    proof: ["authorization"],
    refusal,
  });

  const config = {
    provider: "github",
    url: "https://github.com/acme/mutated/releases.atom",
    event: "release",
    target: { mode: "maintain", stacks: ["mutated"] },
  };
  await call("PUT", "/feed-sources/mutated", config);
  const hook = expectBody(z.object({ secret: z.string() }), await call("POST", "/feed-sources/mutated/webhook-secret"));
  const said = JSON.stringify({ zen: "Speak like a human.", repository: { id: 1 } });
  const at = { method: "POST", path: "/webhooks/forge/mutated", body: said };
  const hex = await hmacHex(hook.secret, said);
  doors.push({
    name: "github",
    request: { ...at, headers: { "x-github-event": "ping", "x-hub-signature-256": `sha256=${hex}` } },
    proof: ["x-hub-signature-256", "body"],
    refusal,
  });
  doors.push({
    name: "forgejo",
    request: { ...at, headers: { "x-forgejo-event": "ping", "x-forgejo-signature": hex } },
    proof: ["x-forgejo-signature", "body"],
    refusal,
  });
  doors.push({
    name: "gitlab",
    request: {
      ...(await standard(at.path, "POST", hook.secret, said)),
      headers: {
        ...(await standard(at.path, "POST", hook.secret, said)).headers,
        "x-gitlab-event": "Push Hook",
      },
    },
    proof,
    refusal,
  });

  const visitor = await Visitor.signedIn();
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  doors.push({
    name: "console",
    request: { method: "GET", path: "/console/tokens", headers: { cookie }, body: undefined },
    proof: ["cookie"],
    refusal: [303, ""],
  });
  doors.push({
    name: "token",
    request: {
      method: "GET",
      path: "/stacks",
      headers: { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` },
      body: undefined,
    },
    proof: ["authorization"],
    refusal: [
      401,
      '{"error":{"code":"unauthorized","message":"send an admin token as \'Authorization: Bearer <token>\'"}}',
    ],
  });
}, 60_000);
afterAll(() => {
  vi.restoreAllMocks();
});

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.,: {}"';

/** One small change, as an attacker or a fault would make it. Never the same text. */
function mutated(text: string): string {
  for (;;) {
    const at = roll(text.length);
    const letter = LETTERS[roll(LETTERS.length)] ?? "A";
    const made = [
      () => text.slice(0, at) + letter + text.slice(at + 1),
      () => text.slice(0, at) + text.slice(at + 1),
      () => text.slice(0, at) + letter + text.slice(at),
      () => text.slice(0, at),
      () => text + letter.repeat(1 + roll(8)),
      () => text.slice(0, at) + text.slice(at).split("").toReversed().join(""),
      () => "",
    ][roll(7)]?.();
    if (made !== undefined && made.trim() !== text.trim()) return made;
  }
}

async function ask({ method, path, headers, body }: Signed): Promise<[number, string]> {
  const response = await exports.default.fetch(`${ORIGIN}${path}`, {
    method,
    headers,
    redirect: "manual",
    ...(body === undefined ? {} : { body: encode(body) }),
  });
  return [response.status, await response.text()];
}

/**
 * Whether a change leaves the proof what it was: the case of a scheme and of hexadecimal, padding, blanks around a
 * name, and the bits of base64's last letter stand for nothing.
 */
function sameProof(part: string, before: string, after: string): boolean {
  if (part === "body") return false;
  const bare = (text: string) => text.replaceAll(/[= ]/g, "").slice(0, -1);
  const meaning = (text: string) =>
    part.startsWith("x-") ? text.toLowerCase() : bare(text).replace(/^bearer/i, "bearer");
  return meaning(before) === meaning(after);
}

it(`lets none in, seed ${SEED}`, { timeout: 300_000 }, async () => {
  const counts = new Map<string, number>();
  for (let sent = 0; sent < REQUESTS; ) {
    const door = doors[sent % doors.length];
    const part = door?.proof[roll(door.proof.length)];
    if (door === undefined || part === undefined) throw new Error("no door");
    const { request } = door;
    const before = (part === "body" ? request.body : request.headers[part]) ?? "";
    const after = mutated(before);
    if (sameProof(part, before, after)) continue;
    const changed =
      part === "body" ? { ...request, body: after } : { ...request, headers: { ...request.headers, [part]: after } };
    expect([door.name, part, after, ...(await ask(changed))]).toEqual([door.name, part, after, ...door.refusal]);
    sent++;
    counts.set(door.name, (counts.get(door.name) ?? 0) + 1);
  }
  expect(counts.size).toBe(doors.length);
  expect((await attemptDetail("mutated.1")).attempt.status).toBe("running");
  expect((await attemptDetail("mutated-oidc.1")).attempt.status).toBe("dispatched");
  // The same requests unchanged: it was the change that was refused.
  for (const { name, request } of doors) {
    const [status] = await ask(request);
    expect([name, status < 300]).toEqual([name, true]);
  }
});
