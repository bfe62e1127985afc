/**
 * An upstream project: releases in bursts, some out of order, some edited later, each told by a feed
 * of releases and a feed of tags at different times.
 *
 * @module
 */
import type { NormalizedEntry } from "../../worker/intake/normalize-entry.ts";
import type { Stage } from "./stage.ts";

export type FeedName = "releases" | "tags";

export class Upstream {
  private readonly stage: Stage;
  private readonly feeds: Record<FeedName, NormalizedEntry[]> = { releases: [], tags: [] };
  private readonly versions: Record<FeedName, number> = { releases: 0, tags: 0 };
  private line = { major: 1, minor: 0 };

  /** Hears of a feed that has news, as a forge's webhook tells it; the poll would find them hours later. */
  private readonly told: (feed: FeedName) => void;

  constructor(stage: Stage, told: (feed: FeedName) => void) {
    this.stage = stage;
    this.told = told;
    this.publish("v1.0.0", 0);
  }

  /** Several releases within minutes. */
  burst(): void {
    const { dice, timeline } = this.stage;
    const count = dice.one([1, 1, 1, 1, 2, 3]);
    for (let i = 0; i < count; i++) {
      timeline.after(dice.between(0, 600_000), () => this.release());
    }
  }

  /** What a feed says now, newest first; undefined when the reader has that already. */
  read(feed: FeedName, etag: string | null): { etag: string; entries: NormalizedEntry[] } | undefined {
    const current = `"${this.versions[feed]}"`;
    return current === etag ? undefined : { etag: current, entries: this.feeds[feed].toReversed() };
  }

  private release(): void {
    const { dice } = this.stage;
    const { major, minor } = this.line;
    const kind = dice.weighted({ minor: 6, major: 1, backport: 2, preview: 1, edit: 1 });
    if (kind === "edit") {
      this.edit();
      return;
    }
    if (kind === "major") this.line = { major: major + 1, minor: 0 };
    else if (kind !== "backport") this.line = { major, minor: minor + 1 };
    const version = `v${this.line.major}.${this.line.minor}`;
    const spread = dice.one([0, 60_000, 7_200_000]);
    if (kind === "backport") this.publish(`v${major}.${Math.max(0, minor - 1)}.${dice.between(1, 9)}`, spread);
    else this.publish(kind === "preview" ? `${version}.0-rc.1` : `${version}.0`, spread);
  }

  private publish(tag: string, spread: number): void {
    const { dice, timeline, trace } = this.stage;
    trace.line(() => `upstream publishes ${tag}`);
    const order: FeedName[] = dice.chance(0.5) ? ["releases", "tags"] : ["tags", "releases"];
    for (const feed of order) {
      timeline.after(dice.between(0, spread + 1), () => {
        const known = this.feeds[feed].some(({ entry }) => entry.tag === tag);
        if (known) return;
        this.feeds[feed].push({ entry: { entryId: `${feed}/${tag}`, tag }, fingerprint: tag });
        this.versions[feed]++;
        if (dice.chance(0.8)) timeline.after(dice.between(100, 60_000), () => this.told(feed));
      });
    }
  }

  private edit(): void {
    const { dice } = this.stage;
    const feed = dice.one<FeedName>(["releases", "tags"]);
    const edited = dice.pick(this.feeds[feed]);
    if (edited === undefined) return;
    edited.fingerprint += "+";
    this.versions[feed]++;
  }
}
