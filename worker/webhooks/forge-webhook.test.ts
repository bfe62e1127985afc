/** Movements told by forges: the same as polled ones, whoever tells them first, and nobody else's word. */
import { env, exports } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { attemptsOf, call, declareStack, expectBody, type Reply } from "../../harness/edge/client.ts";
import { hmac } from "../../harness/edge/webhook-signature.ts";
import { FeedSignal } from "../contract/feed-signal.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";
import { pollSources } from "../intake/poll.ts";

const Created = z.object({ url: z.string(), secret: z.string() });

let id: string;
let sources = 0;
beforeEach(() => {
  id = `hook-${sources++}`;
});

type Told = { path?: string; body: unknown; headers: Record<string, string> };

async function send({ path = `/webhooks/forge/${id}`, body, headers }: Told): Promise<Reply> {
  const response = await exports.default.fetch(`https://patch.test${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

async function github(secret: string, event: string, body: unknown, delivery: string = crypto.randomUUID()) {
  const headers = { "x-github-event": event, "x-github-delivery": delivery };
  return send({ body, headers: { ...headers, "x-hub-signature-256": `sha256=${await hmac(secret, body)}` } });
}

/** A source with a stack behind it; the answer is its webhook's secret. */
async function sourceWithStack(more: object = {}, releases: object = {}): Promise<string> {
  await declareStack(id, { releases });
  const config = {
    provider: "github",
    url: `https://github.com/acme/${id}/releases.atom`,
    event: "release",
    target: { mode: "maintain", stacks: [id] },
    ...more,
  };
  expect((await call("PUT", `/feed-sources/${id}`, config)).status).toBe(201);
  return expectBody(Created, await call("POST", `/feed-sources/${id}/webhook-secret`)).secret;
}

const repository = () => ({
  id: 1,
  clone_url: `https://github.com/acme/${id}.git`,
  html_url: `https://github.com/acme/${id}`,
});

const released = (tag: string, over: object = {}, action = "published") => ({
  action,
  release: { tag_name: tag, draft: false, prerelease: false, published_at: "2026-11-01T00:00:00Z", ...over },
  repository: repository(),
});

const pushed = (ref: string, commit: string, commits: string[] = []) => ({
  ref,
  before: "0".repeat(40),
  after: commit,
  head_commit: { id: commit },
  commits: commits.map((sha) => ({ id: sha })),
  repository: repository(),
});

/** Polls the source once; its feed has these tags, newest first. */
function poll(tags: readonly string[]) {
  const entries = tags.map(
    (tag) => `<entry><id>tag:github.com,2008:Repository/1/${tag}</id><updated>2026-10-01T00:00:00Z</updated>
      <link rel="alternate" type="text/html" href="https://github.com/acme/x/releases/tag/${tag}"/><title>${tag}</title></entry>`,
  );
  const feed = `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>${entries.join("")}</feed>`;
  const fetch = (url: string) =>
    url.endsWith(".atom") ? Promise.resolve(new Response(feed)) : Promise.reject(new Error("refused"));
  const context = { env, outbound: { allowLocal: false, fetch }, now: () => Date.now(), random: () => 0.5 };
  return pollSources(context, [id], true);
}

async function eventsAndSignals() {
  const events = (await call("GET", `/flow-events?stackId=${id}`)).body as { events: { id: string }[] };
  const Signals = z.object({ signals: z.array(FeedSignal) });
  const { signals } = expectBody(Signals, await call("GET", `/feed-signals?sourceId=${id}`));
  return {
    events: events.events.map((event) => event.id).toReversed(),
    signals: signals.map((s) => `${s.tag ?? s.sha} r${s.revision} ${s.disposition}`).toReversed(),
    attempts: (await attemptsOf(id)).length,
  };
}

const eventId = (tag: string) => `patch:${id}:tag:github.com,2008:Repository/1/${tag}:upstream.release`;

describe("a release told by webhook and by feed is one event", () => {
  const once = () => ({
    events: [eventId("v2.0.0")],
    signals: ["v1.0.0 r0 primed", "v2.0.0 r0 event"],
    attempts: 1,
  });

  it("webhook first", async () => {
    const secret = await sourceWithStack();
    await poll(["v1.0.0"]);
    const told = await github(secret, "release", released("v2.0.0"));
    expect(told).toMatchObject({ status: 202, body: { status: "accepted", eventIds: [eventId("v2.0.0")] } });
    expect(await eventsAndSignals()).toEqual(once());
    await poll(["v2.0.0", "v1.0.0"]);
    await poll(["v2.0.0", "v1.0.0"]);
    expect(await eventsAndSignals()).toEqual(once());
  });

  it("feed first", async () => {
    const secret = await sourceWithStack();
    await poll(["v1.0.0"]);
    await poll(["v2.0.0", "v1.0.0"]);
    const told = await github(secret, "release", released("v2.0.0"));
    expect(told).toMatchObject({ status: 202, body: { status: "accepted", eventIds: [] } });
    expect(await eventsAndSignals()).toEqual(once());
  });

  it("both at once, with the tag's own events among them", async () => {
    const secret = await sourceWithStack();
    await poll(["v1.0.0"]);
    const create = { ref: "v2.0.0", ref_type: "tag", repository: repository() };
    await Promise.all([
      github(secret, "release", released("v2.0.0")),
      poll(["v2.0.0", "v1.0.0"]),
      github(secret, "create", create),
      github(secret, "push", pushed("refs/tags/v2.0.0", "a".repeat(40))),
      github(secret, "release", released("v2.0.0", {}, "released")),
    ]);
    await poll(["v2.0.0", "v1.0.0"]);
    expect(await eventsAndSignals()).toEqual(once());
  });

  it("before the first poll, which then tells the past", async () => {
    const secret = await sourceWithStack();
    await github(secret, "release", released("v2.0.0"));
    await poll(["v2.0.0", "v1.0.0"]);
    const { events, signals } = await eventsAndSignals();
    expect(events).toEqual([eventId("v2.0.0")]);
    expect(signals).toEqual(["v2.0.0 r0 event", "v1.0.0 r0 primed"]);
  });
});

it("a prerelease waits until it is a full release", async () => {
  const secret = await sourceWithStack();
  await poll(["v1.0.0"]);
  await github(secret, "release", released("v2.0.0", { prerelease: true }, "prereleased"));
  await poll(["v2.0.0", "v1.0.0"]);
  expect((await eventsAndSignals()).events).toEqual([]);
  await github(secret, "release", released("v2.0.0", {}, "released"));
  await github(secret, "release", released("v2.0.0", {}, "edited"));
  expect((await eventsAndSignals()).events).toEqual([`${eventId("v2.0.0")}:r1`]);
});

it("a tag that names another commit than before is a moved tag", async () => {
  const secret = await sourceWithStack();
  await poll(["v1.0.0"]);
  await github(secret, "push", pushed("refs/tags/v2.0.0", "a".repeat(40)));
  await github(secret, "push", pushed("refs/tags/v2.0.0", "b".repeat(40)));
  const { events } = await eventsAndSignals();
  expect(events).toEqual([eventId("v2.0.0"), `${eventId("v2.0.0").replace("release", "tag_moved")}:r1`]);
});

it("of a push the head counts, and what came with it is past", async () => {
  const [a, b, c] = ["a", "b", "c"].map((digit) => digit.repeat(40));
  const secret = await sourceWithStack({ url: `https://github.com/acme/${id}/commits/main.atom`, event: "push" });
  await github(secret, "push", pushed("refs/heads/main", c ?? "", [a ?? "", b ?? "", c ?? ""]));
  await github(secret, "push", pushed("refs/heads/other", "d".repeat(40)));
  const { events } = await eventsAndSignals();
  expect(events).toEqual([`patch:${id}:${c}:upstream.push`]);
  await github(secret, "push", pushed("refs/heads/main", "0".repeat(40)));
  expect((await eventsAndSignals()).events).toHaveLength(1);
});

it("reads Forgejo and Gitea, by their own signatures", async () => {
  const url = `https://codeberg.org/acme/${id}/releases.rss`;
  const secret = await sourceWithStack({ provider: "forgejo", url });
  for (const [name, tag] of [
    ["forgejo", "v1.0.0"],
    ["gitea", "v2.0.0"],
  ] as const) {
    const body = { ...released(tag), repository: { id: 9, html_url: `https://codeberg.org/acme/${id}` } };
    const headers = {
      [`x-${name}-event`]: "release",
      [`x-${name}-delivery`]: crypto.randomUUID(),
      [`x-${name}-signature`]: await hmac(secret, body),
      "x-github-event": "release",
    };
    expect((await send({ body, headers })).body).toMatchObject({ status: "accepted" });
  }
  const { events } = await eventsAndSignals();
  expect(events).toEqual(["v1.0.0", "v2.0.0"].map((tag) => `patch:${id}:${tag}:upstream.release`));
});

it("reads GitLab, by its token and by its signature", async () => {
  const url = `https://gitlab.com/acme/group/${id}/-/releases.atom`;
  const secret = await sourceWithStack({ provider: "gitlab", url });
  const project = { id: 9, web_url: `https://gitlab.com/acme/group/${id}` };
  const body = { object_kind: "release", action: "create", tag: "v1.0.0", project };
  const event = { "x-gitlab-event": "Release Hook" };
  expect((await send({ body, headers: event })).status).toBe(401);
  expect((await send({ body, headers: { ...event, "x-gitlab-token": `${secret}x` } })).status).toBe(401);
  expect((await send({ body, headers: { ...event, "x-gitlab-token": secret } })).status).toBe(202);
  const next = JSON.stringify({ ...body, tag: "v2.0.0" });
  const signed = await signWebhook(secret, "msg_1", new TextEncoder().encode(next), Date.now());
  expect((await send({ body: next, headers: { ...event, ...signed } })).status).toBe(202);
  // A bad signature is not made good by the token beside it.
  const forged = { ...signed, "webhook-signature": "v1,AAAA", "x-gitlab-token": secret };
  expect((await send({ body: next, headers: { ...event, ...forged } })).status).toBe(401);
  const { events } = await eventsAndSignals();
  expect(events).toEqual(["v1.0.0", "v2.0.0"].map((tag) => `patch:${id}:${tag}:upstream.release`));
});

it("looks at the attempt again when a run or pull request of its fork changes", async () => {
  const secret = await sourceWithStack();
  await poll(["v1.0.0"]);
  await github(secret, "release", released("v2.0.0"));
  const [attempt] = await attemptsOf(id);
  const run = { action: "completed", workflow_run: { conclusion: "failure" } };
  const fork = { id: 5, clone_url: "https://git.test.org/fork.git" };
  expect((await github(secret, "workflow_run", { ...run, repository: fork })).body).toEqual({
    status: "accepted",
    attemptIds: [attempt?.id],
  });
  expect((await github(secret, "pull_request", { ...run, repository: repository() })).body).toMatchObject({
    status: "ignored",
  });
});

describe("what is not the forge's word is 401 and nothing else", () => {
  const CONSTANT = { error: { code: "unauthorized", message: "the request is not authenticated" } };

  it("no signature, a wrong one, another source's, a rotated secret, an unknown source", async () => {
    const secret = await sourceWithStack();
    const body = released("v2.0.0");
    const event = { "x-github-event": "release" };
    const signature = { "x-hub-signature-256": `sha256=${await hmac(secret, body)}` };
    const refusals: Told[] = [
      { body, headers: event },
      { body, headers: { ...event, "x-hub-signature-256": "sha256=" } },
      { body, headers: { ...event, "x-hub-signature-256": `sha256=${"0".repeat(64)}` } },
      { body: released("v3.0.0"), headers: { ...event, ...signature } },
      { body, headers: signature },
      { path: "/webhooks/forge/nobody", body, headers: { ...event, ...signature } },
      { body: "no JSON", headers: event },
    ];
    for (const told of refusals) {
      const answer = await send(told);
      expect([answer.status, answer.body]).toEqual([401, CONSTANT]);
    }
    const rotated = expectBody(Created, await call("POST", `/feed-sources/${id}/webhook-secret`)).secret;
    expect(rotated).not.toBe(secret);
    expect((await send({ body, headers: { ...event, ...signature } })).status).toBe(401);
    await call("DELETE", `/feed-sources/${id}/webhook-secret`);
    expect((await github(rotated, "release", body)).status).toBe(401);
    expect(await eventsAndSignals()).toEqual({ events: [], signals: [], attempts: 0 });
  });

  it("a body beyond 4 MiB is refused before it is looked at", async () => {
    await sourceWithStack();
    const answer = await send({ body: "x".repeat(4 * 1024 * 1024 + 1), headers: { "x-github-event": "push" } });
    expect(answer.status).toBe(413);
  });
});

it("a delivery that comes again is answered as before", async () => {
  const secret = await sourceWithStack();
  const first = await github(secret, "release", released("v2.0.0"), "delivery-1");
  const again = await github(secret, "release", released("v2.0.0"), "delivery-1");
  expect(first.body).toMatchObject({ status: "accepted" });
  expect(again).toMatchObject({ status: 200, body: { status: "duplicate", eventIds: [eventId("v2.0.0")] } });
  // No signature covers the delivery's id: replayed under another one it does nothing either.
  const replayed = await github(secret, "release", released("v2.0.0"), "delivery-2");
  expect(replayed.body).toEqual({ status: "accepted", eventIds: [] });
  expect(await eventsAndSignals()).toMatchObject({ events: [eventId("v2.0.0")], attempts: 1 });
});

it.each<[string, string, () => unknown]>([
  ["an unknown event", "sponsorship", () => ({ repository: repository() })],
  ["a ping", "ping", () => ({ zen: "keep it simple" })],
  ["a draft", "release", () => released("v2.0.0", { draft: true })],
  ["a deleted release", "release", () => released("v2.0.0", {}, "deleted")],
  [
    "another repository",
    "release",
    () => ({ ...released("v2.0.0"), repository: { id: 2, html_url: "https://github.com/a/b" } }),
  ],
  ["a tag of control characters", "release", () => released("v2\n.0")],
  ["nothing like it", "push", () => ({ repository: repository(), ref: 7 })],
  ["no JSON", "push", () => "{"],
])("%s is 202 and ignored", async (_, event, body) => {
  const secret = await sourceWithStack();
  expect(await github(secret, event, body())).toMatchObject({ status: 202, body: { status: "ignored" } });
  expect((await eventsAndSignals()).events).toEqual([]);
});
