import { describe, expect, it } from "vitest";
import { FeedSourceConfig } from "../contract/feed-source.ts";
import { ReleasePolicy } from "../contract/stack.ts";
import type { KnownEntry } from "./known-entry.ts";
import type { IntakePlan } from "./movement.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";
import { type IntakeInput, planIntake } from "./plan-intake.ts";

const config = FeedSourceConfig.parse({
  provider: "github",
  url: "https://github.com/acme/rocket/releases.atom",
  event: "release",
  repo: { fullName: "acme/rocket" },
  target: { mode: "maintain", stacks: ["red", "blue"] },
});

const stacks = [
  { stackId: "red", releases: ReleasePolicy.parse({}), advisories: "notify" as const },
  { stackId: "blue", releases: ReleasePolicy.parse({ prereleases: true }), advisories: "notify" as const },
];

/** An entry for a tag, `day` of October. */
function release(tag: string, day?: number, fingerprint = "f"): NormalizedEntry {
  const date = day === undefined ? {} : { updatedAt: `2026-10-${String(day).padStart(2, "0")}T00:00:00.000Z` };
  return { entry: { entryId: `id/${tag}`, tag, ...date }, fingerprint };
}

function plan(entries: NormalizedEntry[], more: Partial<IntakeInput> = {}): IntakePlan {
  return planIntake({
    sourceId: "src",
    config,
    primed: true,
    seeded: true,
    known: new Map(),
    standing: [],
    poll: 9,
    entries,
    stacks,
    now: "2026-11-22T12:00:00.000Z",
    ...more,
  });
}

const known = (...tags: string[]): Map<string, KnownEntry> =>
  new Map(
    tags.map((tag) => [
      `id/${tag}`,
      {
        entryId: `id/${tag}`,
        fingerprint: "f",
        revision: 0,
        tag,
        commit: null,
        firstSeenAt: "2026-09-01T00:00:00.000Z",
        missingFrom: null,
      },
    ]),
  );

const dispositions = (made: IntakePlan) => made.signals.map(({ entry, disposition }) => `${entry.tag} ${disposition}`);

describe("planIntake", () => {
  it("primes on the first poll", () => {
    const made = plan([release("v2", 2), release("v1", 1)], { primed: false, seeded: false });
    expect(dispositions(made)).toEqual(["v1 primed", "v2 primed"]);
    expect(made.entries).toHaveLength(2);
    expect(made.events).toEqual([]);
  });

  it("emits on the first poll where it is asked to", () => {
    const made = plan([release("v1", 1)], { primed: false, seeded: false, config: { ...config, primeOnly: false } });
    expect(dispositions(made)).toEqual(["v1 event"]);
  });

  it("re-seeds a source that lost its rows, whatever it was asked to", () => {
    const made = plan([release("v1", 1)], { seeded: false, config: { ...config, primeOnly: false } });
    expect(dispositions(made)).toEqual(["v1 primed"]);
  });

  it("takes a feed at a new address for the same when it tells known entries", () => {
    const made = plan([release("v2", 2), release("v1", 1)], { primed: false, known: known("v1") });
    expect(dispositions(made)).toEqual(["v2 event"]);
  });

  it("makes one event per movement, with an id that is always the same, for the stacks that follow it", () => {
    const made = plan([release("v2.0.0-rc.1", 2), release("v1.0.0", 1)]);
    expect(made.events.map((event) => event.id)).toEqual([
      "patch:src:id/v1.0.0:upstream.release",
      "patch:src:id/v2.0.0-rc.1:upstream.release",
    ]);
    expect(made.deliveries).toEqual([
      { eventId: "patch:src:id/v1.0.0:upstream.release", stackId: "red" },
      { eventId: "patch:src:id/v1.0.0:upstream.release", stackId: "blue" },
      { eventId: "patch:src:id/v2.0.0-rc.1:upstream.release", stackId: "blue" },
    ]);
    expect(made.signals[1]?.decisions.map(({ stackId, code }) => `${stackId} ${code}`)).toEqual([
      "red prerelease",
      "blue passed",
    ]);
    expect(made.events[0]).toMatchObject({
      occurredAt: "2026-10-01T00:00:00.000Z",
      payload: { provider: "github", repo: { fullName: "acme/rocket" }, entry: { tag: "v1.0.0" } },
    });
  });

  it("records what no stack follows, and why, without an event", () => {
    const made = plan([release("nightly", 1)]);
    expect(dispositions(made)).toEqual(["nightly filtered"]);
    expect(made.signals[0]?.decisions.map((decision) => decision.code)).toEqual(["no_version", "no_version"]);
    expect(made.events).toEqual([]);
  });

  it("makes an event without receivers where the source only notifies", () => {
    const made = plan([release("nightly", 1)], { config: { ...config, target: { mode: "notify_only" } }, stacks: [] });
    expect(made.events).toHaveLength(1);
    expect(made.deliveries).toEqual([]);
  });

  it("says nothing of known entries, in whatever order they stand", () => {
    const made = plan([release("v1", 1), release("v3", 3), release("v2", 2)], { known: known("v1", "v2", "v3") });
    expect(made).toEqual({ entries: [], signals: [], events: [], deliveries: [], gap: false });
  });

  it("stores an edit as the next revision, without an event", () => {
    const before = new Map([
      [
        "id/v1",
        {
          entryId: "id/v1",
          fingerprint: "old",
          revision: 2,
          tag: "v1",
          commit: "c",
          firstSeenAt: "2026-09-01T00:00:00.000Z",
          missingFrom: null,
        },
      ],
    ]);
    const made = plan([release("v1", 1, "new")], { known: before });
    expect(made.signals).toMatchObject([{ disposition: "edited", revision: 3 }]);
    expect(made.entries).toMatchObject([{ fingerprint: "new", revision: 3 }]);
    expect(made.events).toEqual([]);
  });

  it("makes an edit an event that goes to nobody, where the source asks for it", () => {
    const made = plan([release("v1", 1, "new")], { known: known("v1"), config: { ...config, edits: true } });
    expect(made.events).toMatchObject([{ id: "patch:src:id/v1:upstream.edited:r1", type: "upstream.edited" }]);
    expect(made.signals).toMatchObject([{ disposition: "edited", eventId: made.events[0]?.id }]);
    expect(made.deliveries).toEqual([]);
  });

  const gone = (rows: Map<string, KnownEntry>, tag: string, missingFrom: number) => {
    const row = rows.get(`id/${tag}`);
    return row === undefined ? rows : new Map(rows).set(`id/${tag}`, { ...row, missingFrom });
  };

  it("notes what left the feed, unless the feed is empty", () => {
    const rows = known("v1", "v2");
    const standing = [...rows.values()].map((row) => ({ ...row, lastSeenAt: "2026-11-01T00:00:00.000Z" }));
    expect(plan([release("v1", 1)], { known: rows, standing }).entries).toMatchObject([
      { entryId: "id/v2", missingFrom: 9 },
    ]);
    expect(plan([], { known: rows, standing }).entries).toEqual([]);
  });

  it("tells what was gone for two good polls and is back above what stood there", () => {
    const rows = gone(known("v1", "v2", "v3"), "v2", 7);
    const feed = [release("v3", 3), release("v2", 2), release("v1", 1)];
    for (const entries of [feed, feed.toReversed()]) {
      const made = plan(entries, { known: rows });
      expect(made.events).toMatchObject([{ id: "patch:src:id/v2:upstream.republished:r1" }]);
      expect(made.signals).toMatchObject([{ disposition: "republished", revision: 1 }]);
      expect(made.deliveries.map(({ stackId }) => stackId)).toEqual(["red", "blue"]);
      expect(made.entries).toMatchObject([{ entryId: "id/v2", missingFrom: null }]);
    }
    expect(plan(feed, { known: gone(rows, "v2", 8) }).signals).toEqual([]);
    expect(
      dispositions(plan([...feed, release("v0", 0)], { known: gone(known("v0", "v1", "v2", "v3"), "v0", 2) })),
    ).toEqual([]);
  });

  it("takes what came back at the old end, or where dates do not say which end that is, for slid", () => {
    const rows = gone(known("v1", "v2", "v3"), "v1", 2);
    const slid = (...feed: NormalizedEntry[]) => dispositions(plan(feed, { known: rows, window: 10 }));
    expect(slid(release("v3", 3), release("v2", 2), release("v1", 1))).toEqual([]);
    expect(slid(release("v1", 1), release("v2", 2), release("v3", 3))).toEqual([]);
    // One edit and one release: either end may be the old one.
    expect(slid(release("v3", 3), release("v1", 1), release("v2", 2))).toEqual([]);
  });

  it("makes one event of a bare tag that became a release, also where the tag was there before we watched", () => {
    const bare = { ...release("v1", 1, "tag"), form: "bare" as const };
    const first = plan([bare], { primed: false, seeded: false });
    const rows = new Map(first.entries.map((row) => [row.entryId, row]));
    expect(plan([bare], { known: rows })).toEqual(plan([], { known: rows }));
    const made = plan([{ ...release("v1", 9, "notes"), form: "release" }], { known: rows });
    expect(made.events).toMatchObject([
      { id: "patch:src:id/v1#release:upstream.release", payload: { entry: { tag: "v1" } } },
    ]);
    expect(made.signals).toMatchObject([{ disposition: "event", revision: 1, eventId: made.events[0]?.id }]);
    expect(made.deliveries.map(({ stackId }) => stackId)).toEqual(["red", "blue"]);
    const after = new Map(made.entries.map((row) => [row.entryId, row]));
    const again = plan([{ ...release("v1", 9, "better notes"), form: "release" }], { known: after });
    expect(dispositions(again)).toEqual(["v1 edited"]);
  });

  it("takes what may have been a release for an edit, and a webhook's word over an old copy of the feed", () => {
    expect(dispositions(plan([{ ...release("v1", 9, "notes"), form: "release" }], { known: known("v1") }))).toEqual([
      "v1 edited",
    ]);
    const told = new Map([...known("v1")].map(([id, row]) => [id, { ...row, fingerprint: "webhook" }]));
    const cached = plan([{ ...release("v1", 1, "tag"), form: "bare" }], { known: told });
    const rows = new Map(cached.entries.map((row) => [row.entryId, row]));
    expect(plan([{ ...release("v1", 9, "notes"), form: "release" }], { known: rows }).events).toEqual([]);
  });

  it("finds a backport below known entries", () => {
    expect(dispositions(plan([release("v2", 2), release("v1.1", 9)], { known: known("v2") }))).toEqual(["v1.1 event"]);
  });

  it.each([
    ["by date, where all have one", [release("v1", 1), release("v3", 3), release("v2", 2)], ["v1", "v2", "v3"]],
    [
      "by the feed's order, where one has none",
      [release("v3", 1), release("v2"), release("v1", 9)],
      ["v1", "v2", "v3"],
    ],
    ["by the feed's order among equals", [release("v3", 1), release("v2", 1), release("v1", 1)], ["v1", "v2", "v3"]],
  ])("hands on oldest first: %s", (_how, entries, order) => {
    expect(plan(entries).signals.map(({ entry }) => entry.tag)).toEqual(order);
  });

  it("lets every push through", () => {
    const made = plan([{ entry: { entryId: "abc", sha: "abc" }, fingerprint: "f" }], {
      config: { ...config, event: "push" },
    });
    expect(made.events.map((event) => event.id)).toEqual(["patch:src:abc:upstream.push"]);
    expect(made.deliveries).toHaveLength(2);
  });

  it("gives a release without a tag to nobody", () => {
    const made = plan([{ entry: { entryId: "abc" }, fingerprint: "f" }]);
    expect(made.signals).toMatchObject([
      { disposition: "filtered", decisions: [{ code: "no_tag" }, { code: "no_tag" }] },
    ]);
  });
});
