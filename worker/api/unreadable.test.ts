/**
 * What a newer version declared and this one does not know, as after going back a version: it is shown, it can be
 * declared again, and it costs nothing else its work.
 */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  attemptDetail,
  call,
  changed,
  declareStack,
  postRelease,
  type Reply,
  TestRunner,
  tell,
  tellResult,
} from "../../harness/edge/client.ts";
import { Visitor } from "../../harness/edge/console-visitor.ts";

const PROBLEM = "unknown field 'telepathy'";
const source = { provider: "github", url: "https://github.com/acme/rocket/releases.atom", event: "release" };

/** As the newer version stored it; the object comes up anew, as it does with another version's code. */
async function fromLater(table: "stacks" | "feed_sources", id: string): Promise<void> {
  await env.DB.prepare(`UPDATE ${table} SET config = json_set(config, '$.telepathy', json('true')) WHERE id = ?1`)
    .bind(id)
    .run();
  if (table === "stacks")
    expect(await env.PATCH_STACK.getByName(id).reload(id)).toMatchObject({ ok: false, code: "unreadable_declaration" });
}

type List = { unreadable?: { id: string; problem: string }[] } & Record<string, { id: string }[]>;

async function list(path: string): Promise<List> {
  const { status, body } = await call("GET", `${path}?limit=500`);
  expect(status).toBe(200);
  return body as List;
}

function expectUnreadable(what: string, answer: Reply): void {
  expect(answer).toMatchObject({
    status: 503,
    body: {
      error: {
        code: "unreadable_declaration",
        message: `the declaration of ${what} holds what this version does not know (${PROBLEM}): deploy the version that took it, or declare it again`,
      },
    },
  });
}

beforeAll(async () => {
  for (const id of ["later-running", "later-waiting", "later-beside"])
    await declareStack(id, { runnerLabels: ["later"] });
});

afterAll(async () => {
  await env.DB.prepare("DELETE FROM feed_sources WHERE id LIKE 'later-%'").run();
});

it("a stack: shown in the list, its result kept for the declaration that can be read, the others' work handed out", async () => {
  const runner = await TestRunner.register("later-runner", ["later"]);
  await postRelease("later-running", "v1.0.0");
  const job = await runner.job();
  await postRelease("later-waiting", "v1.0.0");
  await postRelease("later-beside", "v1.0.0");
  await fromLater("stacks", "later-running");
  await fromLater("stacks", "later-waiting");

  const { stacks, unreadable } = await list("/stacks");
  expect(stacks?.map(({ id }) => id)).toContain("later-beside");
  expect(unreadable?.map(({ id }) => id)).toEqual(["later-waiting", "later-running"]);
  expect(unreadable?.[0]?.problem).toContain(PROBLEM);
  expectUnreadable("stack 'later-waiting'", await call("GET", "/stacks/later-waiting"));
  expectUnreadable("stack 'later-waiting'", await call("POST", "/stacks/later-waiting/pause"));
  const visitor = await Visitor.signedIn();
  const page = await visitor.get("/console/stacks/later-waiting");
  expect(page.status).toBe(503);
  expect(page.html).toContain("Not readable here");
  expect((await visitor.get("/console")).status).toBe(200);

  // The one that has waited longer cannot be read.
  expect((await runner.job()).stack.id).toBe("later-beside");
  const result = changed(job);
  expectUnreadable("stack 'later-running'", await tell(job, { type: "attempt.heartbeat" }));
  expectUnreadable("stack 'later-running'", await tellResult(job, result, "told-once"));

  for (const id of ["later-running", "later-waiting"]) await declareStack(id, { runnerLabels: ["later"] });
  expect((await list("/stacks")).unreadable).toBeUndefined();
  expect((await tellResult(job, result, "told-once")).status).toBe(200);
  expect((await attemptDetail("later-running.1")).attempt.status).toBe("changed");
  expect((await runner.job()).stack.id).toBe("later-waiting");
});

it("a source: shown in the list and the console, replaced by a declaration, polled on where it was", async () => {
  await call("PUT", "/feed-sources/later-known", source);
  await call("PUT", "/feed-sources/later-source", source);
  await env.DB.prepare("UPDATE feed_sources SET primed = 1, etag = 'kept' WHERE id = 'later-source'").run();
  await fromLater("feed_sources", "later-source");

  const { sources, unreadable } = await list("/feed-sources");
  expect(sources?.map(({ id }) => id)).toContain("later-known");
  expect(unreadable).toMatchObject([{ id: "later-source", problem: expect.stringContaining(PROBLEM) as string }]);
  expectUnreadable("feed source 'later-source'", await call("GET", "/feed-sources/later-source"));
  const page = await (await Visitor.signedIn()).get("/console/sources");
  expect(page.status).toBe(200);
  expect(page.html).toMatch(/later-source[\s\S]*unreadable[\s\S]*telepathy/);
  expectUnreadable("feed source 'later-source'", await call("POST", "/feed-sources/later-source/poll"));

  expect((await call("PUT", "/feed-sources/later-source", source)).status).toBe(200);
  expect((await list("/feed-sources")).unreadable).toBeUndefined();
  const row = () => env.DB.prepare("SELECT primed, etag FROM feed_sources WHERE id = 'later-source'").first();
  expect(await row()).toEqual({ primed: 1, etag: "kept" });

  await fromLater("feed_sources", "later-source");
  const other = { ...source, url: "https://github.com/acme/other/releases.atom" };
  expect((await call("PUT", "/feed-sources/later-source", other)).status).toBe(200);
  expect(await row()).toEqual({ primed: 0, etag: null });
});
