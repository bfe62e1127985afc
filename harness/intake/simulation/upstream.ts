/**
 * A simulated upstream: a year of releases, bursts, backports, edits, deletions, moved and
 * republished tags, and a forge that shows the newest ten of them and is sometimes down.
 *
 * @module
 */
import type { Random } from "../../chaos/random.ts";
import type { Reading } from "./year.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const WINDOW = 10;

export type Release = {
  tag: string;
  title: string;
  /** A tag that nobody made a release of. */
  bare: boolean;
  commit: string;
  created: number;
  updated: number;
  gone: boolean;
  /** Good polls that found it gone. */
  missed: number;
  /** It was gone for two of them, and nobody has seen yet that it is there again. */
  back: boolean;
};

export type Truth = {
  /** Tags from before the first poll. */
  old: Set<string>;
  /** Tags released later, and when. */
  released: Map<string, number>;
  /** Times that each tag came to name another commit. */
  moves: Map<string, number>;
  /** Times that each tag was deleted and released once more. */
  republished: Map<string, number>;
  /** Of these, what nobody who polls can have missed: it was shown before, gone for two good polls, and shown again. */
  republishedSeen: Map<string, number>;
  /** Bare tags that the feed showed, and that became releases later. */
  promoted: Set<string>;
};

export class Upstream {
  readonly truth: Truth = {
    old: new Set(),
    released: new Map(),
    moves: new Map(),
    republished: new Map(),
    republishedSeen: new Map(),
    promoted: new Set(),
  };
  readonly #random: Random;
  readonly #name: string;
  readonly #releases: Release[] = [];
  readonly #touched = new Map<string, number>();
  readonly #seen = new Set<Release>();
  /** What the last good poll found. */
  #stood: Release[] = [];
  #minor = 0;
  #patches = new Map<number, number>();
  #commits = 0;
  /** Changes with everything that the forge shows. */
  version = 0;

  constructor(random: Random, name: string, start: number) {
    this.#random = random;
    this.#name = name;
    for (let i = random.between(0, 25); i > 0; i--) this.#release(start - i * DAY * 3);
    for (const release of this.#releases) this.truth.old.add(release.tag);
    this.truth.released.clear();
  }

  /** Something happens; what depends on the dice. */
  act(now: number): void {
    this.version += 1;
    const roll = this.#random.next();
    if (roll < 0.5) this.#release(now);
    else if (roll < 0.58) this.#burst(now);
    else if (roll < 0.7) this.#backport(now);
    else if (roll < 0.8) this.#edit(now);
    else if (roll < 0.88) this.#delete(now);
    else if (roll < 0.92) this.#move(now);
    else if (roll < 0.96) this.#promote(now);
    else this.#republish(now);
  }

  #release(now: number): void {
    this.#minor += 1;
    this.#add(`v1.${this.#minor}.0`, now);
  }

  /** More at once than the forge shows. */
  #burst(now: number): void {
    for (let i = this.#random.between(2, 30); i > 0; i--) this.#release(now + i * 1000);
  }

  #backport(now: number): void {
    if (this.#minor < 2) {
      this.#release(now);
      return;
    }
    const minor = this.#random.between(1, this.#minor);
    const patch = (this.#patches.get(minor) ?? 0) + 1;
    this.#patches.set(minor, patch);
    this.#add(`v1.${minor}.${patch}`, now);
  }

  #edit(now: number): void {
    const release = this.#random.pick(this.#releases.filter(({ bare }) => !bare));
    if (release === undefined) return;
    release.title += "!";
    release.updated = now;
  }

  #delete(now: number): void {
    const release = this.#settled(now);
    if (release === undefined) return;
    release.gone = true;
    this.#touched.set(release.tag, now);
  }

  #move(now: number): void {
    const release = this.#settled(now);
    if (release === undefined) return;
    release.commit = this.#commit();
    this.#touched.set(release.tag, now);
    this.truth.moves.set(release.tag, (this.truth.moves.get(release.tag) ?? 0) + 1);
  }

  /** Somebody makes a release of a tag; of the ones that the feed shows. */
  #promote(now: number): void {
    const release = this.#random.pick(this.window().filter((one) => one.bare && this.#rested(one, now)));
    if (release === undefined) return;
    Object.assign(release, { bare: false, title: `Release ${release.tag}`, created: now, updated: now });
    this.truth.promoted.add(release.tag);
  }

  /** A deleted release comes back as it was. */
  #republish(now: number): void {
    const release = this.#random.pick(this.#releases.filter((one) => one.gone && this.#rested(one, now)));
    if (release === undefined) return;
    release.gone = false;
    add(this.truth.republished, release.tag);
    release.back = release.missed >= 2;
    release.created = now;
    release.updated = now;
    this.#touched.set(release.tag, now);
  }

  /** One that has been there long enough for anybody who looks once a day, failures included. */
  #settled(now: number): Release | undefined {
    return this.#random.pick(this.#releases.filter((one) => !one.gone && this.#rested(one, now)));
  }

  #rested(release: Release, now: number): boolean {
    return now - Math.max(release.created, this.#touched.get(release.tag) ?? 0) > 8 * DAY;
  }

  #add(tag: string, now: number): void {
    const bare = this.#random.next() < 0.2;
    this.#releases.push({
      tag,
      title: tag,
      bare,
      commit: this.#commit(),
      created: now,
      updated: now,
      gone: false,
      missed: 0,
      back: false,
    });
    this.truth.released.set(tag, now);
  }

  #commit(): string {
    this.#commits += 1;
    return this.#commits.toString(16).padStart(40, "0");
  }

  /** What the feed shows: the newest by creation. */
  window(): Release[] {
    return this.#releases
      .filter((release) => !release.gone)
      .toSorted((a, b) => b.created - a.created)
      .slice(0, WINDOW);
  }

  feed(releases = this.window()): string {
    const entries = releases.map(
      ({ tag, title, bare, updated }) =>
        `<entry><id>tag:github.com,2008:Repository/7/${tag}</id><updated>${new Date(updated).toISOString()}</updated>` +
        `<link rel="alternate" type="text/html" href="https://github.com/acme/${this.#name}/releases/tag/${tag}"/>` +
        `<title>${title}</title><content type="html">${bare ? `&lt;p&gt;${tag}&lt;/p&gt;` : `notes of ${tag}`}</content></entry>`,
    );
    return `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>${entries.join("\n")}</feed>`;
  }

  /** Somebody polled; what a crash left of that is unknown. */
  polled(read: Reading, crashed: boolean): void {
    const shown = typeof read === "string" ? undefined : read;
    if (crashed) {
      if (shown !== undefined) this.#stood = this.#stood.filter((release) => shown.includes(release));
      return;
    }
    if (read === "none") return;
    for (const release of this.#releases) if (release.gone && this.#seen.has(release)) release.missed += 1;
    if (shown === undefined) return;
    for (const release of shown) {
      if (release.back && this.#stoodBelow(release, shown)) add(this.truth.republishedSeen, release.tag);
      Object.assign(release, { missed: 0, back: false });
      this.#seen.add(release);
    }
    this.#stood = [...shown];
  }

  /** Whether one that stood there all the time is below it: else it may have slid in, where edits blur the order. */
  #stoodBelow(release: Release, shown: readonly Release[]): boolean {
    const stood = this.#stood.filter((one) => shown.includes(one) && !one.back);
    return (
      shown.every(({ created, updated }) => created === updated) && stood.some((one) => one.created < release.created)
    );
  }

  /** What the repository has. */
  tags(): Release[] {
    return this.#releases.filter((release) => !release.gone);
  }

  refs(): string {
    const lines = this.tags().map(({ tag, commit }) => `${commit} refs/tags/${tag}\n`);
    return `${lines.map((line) => (line.length + 4).toString(16).padStart(4, "0") + line).join("")}0000`;
  }
}

function add(counts: Map<string, number>, tag: string): void {
  counts.set(tag, (counts.get(tag) ?? 0) + 1);
}
