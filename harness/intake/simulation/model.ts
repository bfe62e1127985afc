/**
 * The same year without SQL, HTTP and XML: intake's own decisions (`planIntake`, `planRefs`) over a
 * store in memory that commits whole or not at all, in the order in which `poll.ts` and `reconcile.ts`
 * ask, commit and deliver. That order is the model here, the decisions are the real ones.
 *
 * @module
 */
import { FeedSourceConfig } from "../../../worker/contract/feed-source.ts";
import { ReleasePolicy } from "../../../worker/contract/stack.ts";
import type { IntakePlan, PlannedEntry } from "../../../worker/intake/movement.ts";
import type { NormalizedEntry } from "../../../worker/intake/normalize-entry.ts";
import { planIntake } from "../../../worker/intake/plan-intake.ts";
import { planRefs } from "../../../worker/intake/plan-refs.ts";
import { PROVIDERS } from "../../../worker/providers/index.ts";
import { Random } from "../../chaos/random.ts";
import { naiveCursors } from "./naive-cursors.ts";
import { DAY, HOUR, type Release, Upstream } from "./upstream.ts";
import { liveYear, type Polled, type Reading, type SimulationResult, START, type Told, type Watch } from "./year.ts";

const SOURCE = "source";
const STACK = "stack";
const ID_PREFIX = "tag:github.com,2008:Repository/7/";
const GAP_RETRY = 5 * 60_000;

const CONFIG = FeedSourceConfig.parse({
  provider: "github",
  url: "https://github.com/acme/rocket/releases.atom",
  event: "release",
  target: { mode: "maintain", stacks: [STACK] },
});
const STACKS = [{ stackId: STACK, releases: ReleasePolicy.parse({}), advisories: "notify" as const }];

export function modelYear(seed: number): Promise<SimulationResult> {
  const random = new Random(seed);
  const upstream = new Upstream(random, "rocket", START);
  return liveYear(seed, random, upstream, new ModelWatch(random, upstream));
}

/** Everything after it in the poll does not happen. */
class Crash extends Error {
  override name = "Crash";
}

class ModelWatch implements Watch {
  now = START;
  readonly #random: Random;
  readonly #upstream: Upstream;
  readonly #naive = naiveCursors().map((cursor) => ({ cursor, emitted: [] as string[] }));
  readonly #entries = new Map<string, PlannedEntry>();
  readonly #events = new Map<string, Told>();
  #marks = { primed: false, refsSeeded: false, gap: false, reconcileAt: 0, etag: -1, failed: false, goodPolls: 0 };
  #answer: Reading = "none";
  #calm = true;
  #fuse: { writes: number; late: boolean } | undefined;
  #refsTold = -1;
  #reconciledVersion = -1;
  #downUntil = 0;

  constructor(random: Random, upstream: Upstream) {
    this.#random = random;
    this.#upstream = upstream;
  }

  poll(calm: boolean): Polled {
    this.#calm = calm;
    this.#answer = "none";
    const random = this.#random;
    this.#fuse =
      !calm && random.next() < 0.25 ? { writes: random.between(1, 7), late: random.next() < 0.5 } : undefined;
    if (!calm && this.now > this.#downUntil && random.next() < 0.03)
      this.#downUntil = this.now + random.between(1, 48) * HOUR;
    try {
      this.#pollOnce();
      this.#deliver();
      this.#reconciledVersion = this.#refsTold;
      return { crashed: false, read: this.#answer };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#refsTold = this.#reconciledVersion;
      return { crashed: true, read: this.#answer };
    }
  }

  primed(): boolean {
    return this.#marks.primed && this.#marks.refsSeeded;
  }

  unsettled(): boolean {
    if (this.#reconciledVersion !== this.#upstream.version || this.#marks.gap || this.#marks.failed) return true;
    return this.told().some(({ status }) => status === "pending");
  }

  told(): Told[] {
    return [...this.#events.values()];
  }

  naive(): { name: string; emitted: string[] }[] {
    return this.#naive.map(({ cursor, emitted }) => ({ name: cursor.name, emitted }));
  }

  /** As `pollSources`: refs before a first poll, the feed, its rows, delivery, validators, refs that are due. */
  #pollOnce(): void {
    if (this.#marks.reconcileAt === 0) this.#reconcile();
    const answer = this.#askFeed();
    let gap = false;
    if (typeof answer === "object") gap = this.#takeIn(answer.window);
    this.#deliver();
    const etag = typeof answer === "object" && answer.window.length > 0 ? answer.version : this.#marks.etag;
    this.#commit(() => {
      const goodPolls = this.#marks.goodPolls + (answer === "failed" ? 0 : 1);
      this.#marks = { ...this.#marks, etag, failed: answer === "failed", goodPolls };
    });
    if (gap || this.#marks.reconcileAt <= this.now) this.#reconcile();
    this.#deliver();
  }

  #takeIn(window: readonly Release[]): boolean {
    const { primed } = this.#marks;
    const seeded = primed;
    const plan = planIntake({
      sourceId: SOURCE,
      config: CONFIG,
      primed,
      seeded,
      known: this.#entries,
      standing: [...this.#entries.values()].filter(({ missingFrom }) => missingFrom === null),
      poll: this.#marks.goodPolls + 1,
      entries: window.map(normalized),
      stacks: STACKS,
      window: PROVIDERS.github.window?.release,
      now: new Date(this.now).toISOString(),
    });
    if (plan.entries.length === 0 && primed && !plan.gap) return false;
    this.#commit(() => {
      this.#keep(plan);
      const gap = plan.gap ? { gap: true, reconcileAt: this.now } : {};
      this.#marks = { ...this.#marks, primed: true, ...gap };
    });
    return plan.gap;
  }

  #reconcile(): void {
    const refs = this.#askRefs();
    if (refs === undefined) {
      const wait = this.#marks.gap ? GAP_RETRY : this.#marks.refsSeeded ? DAY : HOUR;
      this.#commit(() => {
        this.#marks = { ...this.#marks, reconcileAt: this.#inAbout(wait) };
      });
      return;
    }
    const ids = [...this.#entries.keys()];
    const plan = planRefs({
      sourceId: SOURCE,
      config: CONFIG,
      stacks: STACKS,
      now: new Date(this.now).toISOString(),
      refs,
      known: [...this.#entries.values()],
      baseline: !this.#marks.refsSeeded || !this.#marks.primed,
      gap: this.#marks.gap,
      bareTags: PROVIDERS.github.bareTags ?? false,
      tagEntryId: PROVIDERS.github.tagEntryIds?.(ids) ?? ((tag) => tag),
    });
    this.#commit(() => {
      this.#keep(plan);
      this.#marks = { ...this.#marks, gap: false, refsSeeded: true, reconcileAt: this.#inAbout(DAY) };
    });
  }

  #inAbout(wait: number): number {
    return this.now + Math.round(wait * (0.9 + 0.2 * this.#random.next()));
  }

  /** As `storeIntake`: rows by key, the first sight of an entry stays, an event that is there stays. */
  #keep(plan: IntakePlan): void {
    for (const entry of plan.entries) {
      const firstSeenAt = this.#entries.get(entry.entryId)?.firstSeenAt ?? entry.firstSeenAt;
      this.#entries.set(entry.entryId, { ...entry, firstSeenAt });
    }
    for (const { id, type, payload } of plan.events)
      if (!this.#events.has(id)) this.#events.set(id, { id, type, tag: payload.entry.tag ?? "", status: null });
    for (const { eventId } of plan.deliveries) {
      const event = this.#events.get(eventId);
      if (event?.status === null) event.status = "pending";
    }
  }

  #deliver(): void {
    const pending = this.told().filter(({ status }) => status === "pending");
    if (pending.length === 0 || (!this.#calm && this.#random.next() < 0.1)) return;
    this.#commit(() => {
      for (const event of pending) event.status = "accepted";
    });
  }

  /** All of it or, when the plug is pulled before, nothing; pulled after, nobody hears of it. */
  #commit(write: () => void): void {
    const fuse = this.#fuse;
    if (fuse !== undefined) fuse.writes -= 1;
    const burnt = fuse !== undefined && fuse.writes <= 0;
    if (burnt && !fuse.late) throw new Crash("before");
    write();
    if (burnt) throw new Crash("after");
  }

  #askFeed(): { window: Release[]; version: number } | "failed" | "not_modified" {
    const trouble = this.#calm ? 1 : this.#random.next();
    if (this.now < this.#downUntil && !this.#calm) return "failed";
    const { version } = this.#upstream;
    if (this.#marks.etag === version) {
      this.#answer = "same";
      return "not_modified";
    }
    // Refused, cut short, or a page for people: the parser's tests are about these.
    if (trouble < 0.1) return "failed";
    // A forge in trouble shows fewer of them, or none.
    const cut = trouble < 0.12 ? 0 : trouble < 0.14 ? this.#random.between(1, 9) : undefined;
    const window = this.#upstream.window().slice(0, cut);
    if (window.length === 0) return { window, version };
    for (const { cursor, emitted } of this.#naive) emitted.push(...cursor.take(window));
    this.#answer = window;
    return { window: trouble > 0.14 && trouble < 0.19 ? window.toReversed() : window, version };
  }

  #askRefs(): { name: string; commit: string }[] | undefined {
    const trouble = this.#calm ? 1 : this.#random.next();
    if ((this.now < this.#downUntil && !this.#calm) || trouble < 0.15) return undefined;
    this.#refsTold = this.#upstream.version;
    return this.#upstream.tags().map(({ tag, commit }) => ({ name: `refs/tags/${tag}`, commit }));
  }
}

function normalized({ tag, title, bare, updated }: Release): NormalizedEntry {
  const entry = { entryId: `${ID_PREFIX}${tag}`, tag, title, updatedAt: new Date(updated).toISOString() };
  const form = bare ? "bare" : title.startsWith(tag) ? undefined : "release";
  return { entry, fingerprint: `${title} ${updated}`, ...(form === undefined ? {} : { form }) };
}
