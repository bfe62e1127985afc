/**
 * A stack that only a package registry feeds: versions find their tags.
 */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { attemptsOf, call } from "../../harness/edge/client.ts";
import { FeedSourceConfig } from "../contract/feed-source.ts";
import { openDatabase } from "../store/database.ts";
import { listSignals } from "../store/feed-entries.ts";
import { findSource, putSource } from "../store/feed-sources.ts";
import { pollSources } from "./poll.ts";

const db = openDatabase(env.DB);
const REGISTRY = "https://registry.example.org/rocket";
const pkt = (line: string): string => (line.length + 4).toString(16).padStart(4, "0") + line;

let versions: Record<string, string> = {};
let tags: string[] | undefined = [];
let now = Date.parse("2026-11-22T12:00:00Z");
let refsAsked = 0;

const context = {
  env: { DB: env.DB, PATCH_STACK: env.PATCH_STACK },
  outbound: {
    allowLocal: false,
    fetch: (url: string) => {
      if (url === REGISTRY)
        return Promise.resolve(
          Response.json({
            name: "rocket",
            "dist-tags": {},
            versions: Object.fromEntries(Object.keys(versions).map((version) => [version, {}])),
            time: versions,
          }),
        );
      refsAsked += 1;
      if (tags === undefined) return Promise.reject(new Error("connection refused"));
      const lines = tags.map((tag, i) => pkt(`${String(i + 1).padStart(40, "0")} refs/tags/${tag}\n`));
      return Promise.resolve(new Response(`${lines.join("")}0000`));
    },
  },
  now: () => now,
  random: () => 0.5,
};

/** A stack with a source of the registry, which was read once. */
async function declare(id: string, more: object = {}): Promise<() => Promise<unknown[]>> {
  const repositories = { upstream: { url: "https://git.test.org/up" }, fork: { url: "https://git.test.org/fork" } };
  await call("PUT", `/stacks/${id}`, { ...repositories, branch: "ours" });
  const target = { mode: "maintain", stacks: [id] };
  const config = FeedSourceConfig.parse({ provider: "npm", url: REGISTRY, event: "release", target, ...more });
  await putSource(db, id, config, undefined, "2026-11-22T11:00:00.000Z");
  const poll = async () => {
    await pollSources(context, [id]);
    return (await attemptsOf(id)).map(({ tag }) => tag).toReversed();
  };
  versions = { "1.0.0": "2026-10-01T00:00:00Z" };
  tags = ["v1.0.0"];
  await poll();
  return poll;
}

it("versions get their tags from upstream's repository, and are waited for while they have none", async () => {
  const poll = await declare("by-refs");
  versions = { ...versions, "1.1.0": "2026-11-22T11:30:00Z" };
  expect(await poll()).toEqual([]);
  expect((await listSignals(db, "by-refs", 10)).map(({ disposition }) => disposition)).toEqual(["primed"]);
  tags = ["v1.0.0", "tools-v1.1.0", "v1.1.0"];
  expect(await poll()).toEqual(["v1.1.0"]);
  const asked = refsAsked;
  expect(await poll()).toEqual(["v1.1.0"]);
  expect(refsAsked).toBe(asked);
});

it("a version that never gets a tag is left after a day, and the signal says why", async () => {
  const poll = await declare("untagged");
  versions = { ...versions, "1.1.0": "2026-11-22T11:30:00Z" };
  await poll();
  now += 2 * 86_400_000;
  expect(await poll()).toEqual([]);
  const [signal] = await listSignals(db, "untagged", 10);
  expect(signal?.decisions).toMatchObject([{ code: "no_tag", message: expect.stringContaining("1.1.0") as string }]);
});

it("tags that cannot be read are a failure of the poll: nothing is lost, and the source says what to do", async () => {
  const poll = await declare("unreadable");
  versions = { ...versions, "1.2.0": "2026-11-20T11:30:00Z" };
  tags = undefined;
  await poll();
  expect((await findSource(db, "unreadable"))?.lastError).toMatchObject({ code: "tags_unreadable" });
  tags = ["v1.0.0", "release-1.2"];
  expect(await poll()).toEqual(["release-1.2"]);
});

it("a template names tags without asking anybody", async () => {
  const poll = await declare("template", { tag: "rocket@<version>" });
  tags = undefined;
  versions = { ...versions, "2.0.0": "2026-11-20T11:30:00Z" };
  expect(await poll()).toEqual(["rocket@2.0.0"]);
});
