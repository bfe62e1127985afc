import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { attemptsOf, call } from "../../harness/edge/client.ts";
import { createApp } from "../app.ts";

const source = {
  provider: "github",
  url: "https://github.com/acme/rocket/releases.atom",
  event: "release",
  repo: { fullName: "acme/rocket", webUrl: "https://github.com/acme/rocket" },
};
const fork = { url: "https://github.com/office/rocket.git" };

it("a fork_sync source brings a stack of its own, and hands events to it", async () => {
  const target = { mode: "fork_sync", fork, branch: "office" };
  expect(await call("PUT", "/feed-sources/own-fork", { ...source, target })).toMatchObject({ status: 201 });
  const { body } = await call("GET", "/stacks/own-fork");
  expect(body).toMatchObject({
    stack: {
      upstream: { url: "https://github.com/acme/rocket" },
      fork,
      branch: "office",
      policy: { driver: "pull", work: "replay" },
    },
  });
  const event = { id: "patch:own-fork:v1:upstream.release", type: "upstream.release", sourceId: "own-fork" };
  await call("POST", "/flow-events", { ...event, payload: { entry: { entryId: "v1", tag: "v1" } } });
  expect(await attemptsOf("own-fork")).toMatchObject([{ tag: "v1", operation: "maintain" }]);
});

it("declaring the source again changes what the target says and leaves the operator's policy", async () => {
  const target = { mode: "fork_sync", fork, branch: "office" };
  await call("PUT", "/feed-sources/own-again", { ...source, target });
  const policy = { landing: "auto" };
  await call("PUT", "/stacks/own-again", {
    upstream: { url: "https://x.example.org/y" },
    fork,
    branch: "office",
    policy,
  });
  await call("PUT", "/feed-sources/own-again", { ...source, target: { ...target, branch: "next" } });
  expect((await call("GET", "/stacks/own-again")).body).toMatchObject({
    stack: { branch: "next", policy: { landing: "auto" }, upstream: { url: "https://github.com/acme/rocket" } },
  });
});

it("a stack that the target names and that is there is fed, and not touched", async () => {
  const declared = { upstream: { url: "https://x.example.org/y" }, fork, branch: "theirs" };
  await call("PUT", "/stacks/own-named", declared);
  const target = { mode: "fork_sync", stack: "own-named", fork, branch: "office" };
  await call("PUT", "/feed-sources/own-feeds", { ...source, target });
  expect((await call("GET", "/stacks/own-named")).body).toMatchObject({ stack: declared });
  expect((await call("GET", "/stacks/own-feeds")).status).toBe(404);
});

it("a workspace_flow source without a backend gets a stack whose work are flow packages", async () => {
  const target = { mode: "workspace_flow", eventType: "upstream.branch_update", payload: { repo: "acme/rocket" } };
  expect(await call("PUT", "/feed-sources/own-flow", { ...source, event: "push", target })).toMatchObject({
    status: 201,
  });
  const { body } = await call("GET", "/stacks/own-flow");
  expect(body).toMatchObject({ stack: { policy: { driver: "pull", work: "flow" } } });
  expect((body as { stack: object }).stack).not.toHaveProperty("fork");
});

it("says what is missing when the stack cannot be made, and stores nothing", async () => {
  const target = { mode: "fork_sync", fork, branch: "office" };
  const feed = { provider: "feed", url: "https://news.example.org/rocket.xml", event: "release", target };
  expect(await call("PUT", "/feed-sources/own-nowhere", feed)).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining("upstream: is missing") as string } },
  });
  const rows = await env.DB.prepare("SELECT 1 FROM feed_sources WHERE id = 'own-nowhere'").all();
  expect(rows.results).toEqual([]);
});

it("a workspace_flow source without a backend goes to the deployment's own, where it has one", async () => {
  const target = { mode: "workspace_flow", eventType: "upstream.release" };
  const given = { ...env, PATCH_WORKSPACE_URL: "https://flows.example.org/events" };
  const request = new Request("https://patch.test/feed-sources/own-backend", {
    method: "PUT",
    headers: { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ ...source, target }),
  });
  expect((await createApp().fetch(request, given)).status).toBe(201);
  const { body } = await call("GET", "/stacks/own-backend");
  expect(body).toMatchObject({ stack: { policy: { driver: "workspace-http", work: "flow" } } });
  // The deployment may move its backend without every stack being told.
  expect(body).not.toHaveProperty("stack.policy.surface");
});
