/**
 * A release policy changes: past movements that pass now become events, when asked for.
 */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { attemptsOf, call, declareStack } from "../../harness/edge/client.ts";
import { pollSources } from "../intake/poll.ts";

const FEED = "https://github.com/acme/lamp/releases.atom";

function feed(tags: readonly string[]): string {
  const entries = tags.map(
    (tag) => `<entry><id>tag:github.com,2008:Repository/1/${tag}</id><title>${tag}</title>
      <updated>2026-10-01T00:00:00Z</updated>
      <link rel="alternate" href="https://github.com/acme/lamp/releases/tag/${tag}"/></entry>`,
  );
  return `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>${entries.join("")}</feed>`;
}

it("turns filtered movements into events once the policy lets them through, each once", async () => {
  await declareStack("widened", { releases: { include: ["v1.*"] } });
  const target = { mode: "maintain", stacks: ["widened"] };
  await call("PUT", "/feed-sources/lamp", {
    provider: "github",
    url: FEED,
    event: "release",
    target,
    primeOnly: false,
  });
  const body = feed(["v2.1.0-rc.1", "v2.0.0", "v1.0.0"]);
  const answer = (url: string) =>
    url === FEED ? Promise.resolve(new Response(body)) : Promise.reject(new Error("connection refused"));
  const context = { env, outbound: { allowLocal: false, fetch: answer }, now: () => Date.now(), random: () => 0.5 };
  await pollSources(context, ["lamp"]);
  expect((await attemptsOf("widened")).map((a) => a.tag)).toEqual(["v1.0.0"]);

  const backfill = (since: string) => call("POST", "/stacks/widened/backfill", { since });
  const early = await backfill("2020-01-01T00:00:00.000Z");
  expect([early.status, early.body]).toMatchObject([202, { events: [] }]);

  await declareStack("widened");
  const none = await backfill("2999-01-01");
  expect(none.body).toMatchObject({ events: [], left: [] });
  const widened = await backfill("2020-01-01T00:00:00.000Z");
  expect(widened.body).toMatchObject({
    events: [{ id: "patch:lamp:tag:github.com,2008:Repository/1/v2.0.0:upstream.release", stackIds: ["widened"] }],
    left: [{ tag: "v2.1.0-rc.1", decision: { code: "prerelease" } }],
  });
  expect((await attemptsOf("widened")).map((a) => [a.tag, a.status])).toEqual([
    ["v2.0.0", "dispatched"],
    ["v1.0.0", "superseded"],
  ]);
  expect((await backfill("2020-01-01T00:00:00.000Z")).body).toMatchObject({ events: [] });
});
