/**
 * Runs intake itself (`pollSources`, its SQL, its parser) over a simulated upstream for a year, with a
 * network that fails, a stack that is sometimes away, and crashes before and after any write; then
 * compares what was emitted with what happened.
 *
 * @module
 */
import { FeedSourceConfig } from "../../../worker/contract/feed-source.ts";
import { deliverPending } from "../../../worker/intake/deliver.ts";
import { pollSources } from "../../../worker/intake/poll.ts";
import type { PollContext } from "../../../worker/intake/poll-context.ts";
import { openDatabase } from "../../../worker/store/database.ts";
import { putSource } from "../../../worker/store/feed-sources.ts";
import { Random } from "../../chaos/random.ts";
import { type Cursor, naiveCursors } from "./naive-cursors.ts";
import { Crash, type SqliteD1 } from "./sqlite-d1.ts";
import { HOUR, Upstream } from "./upstream.ts";
import { liveYear, type Polled, type Reading, type SimulationResult, START, type Told, type Watch } from "./year.ts";

const STACK = "stack";
const SOURCE = "source";

/**
 * Intake with a part of it taken away, from outside: what the refs say only after a gap, never, or never
 * and with the validators stored before what they stand for. Each must show.
 */
export type Crippled = "no daily reading of refs" | "no refs" | "validators first, no refs";
export const CRIPPLED: readonly Crippled[] = ["no daily reading of refs", "no refs", "validators first, no refs"];

/** One repository, one year, on a disk that may be used for another year afterwards. */
export async function simulateYear(d1: SqliteD1, seed: number, crippled?: Crippled): Promise<SimulationResult> {
  d1.begin();
  try {
    return await liveThrough(d1, seed, crippled);
  } finally {
    d1.forget();
  }
}

async function liveThrough(d1: SqliteD1, seed: number, crippled: Crippled | undefined): Promise<SimulationResult> {
  const random = new Random(seed);
  const upstream = new Upstream(random, "rocket", START);
  const world = new World(random, d1, upstream, crippled);
  await world.declare();
  return liveYear(seed, random, upstream, world);
}

class World implements Watch {
  now = START;
  readonly #random: Random;
  readonly #d1: SqliteD1;
  readonly #upstream: Upstream;
  readonly #crippled: Crippled | undefined;
  readonly #naive: { cursor: Cursor; emitted: string[] }[] = naiveCursors().map((cursor) => ({ cursor, emitted: [] }));
  #calm = true;
  #read: Reading = "none";
  /** What the refs told last, and what of that is certain to be stored. */
  #refsTold = -1;
  #reconciledVersion = -1;
  #downUntil = 0;

  constructor(random: Random, d1: SqliteD1, upstream: Upstream, crippled: Crippled | undefined) {
    this.#crippled = crippled;
    this.#random = random;
    this.#d1 = d1;
    this.#upstream = upstream;
  }

  async declare(): Promise<void> {
    const at = new Date(START).toISOString();
    this.#d1.sqlite.db.exec(
      `INSERT INTO stacks (id, config, created_at, updated_at) VALUES ('${STACK}',
       '{"upstream":{"url":"https://git.test/up"},"fork":{"url":"https://git.test/fork"},"branch":"patched"}',
       '${at}', '${at}')`,
    );
    const config = FeedSourceConfig.parse({
      provider: "github",
      url: "https://github.com/acme/rocket/releases.atom",
      event: "release",
      target: { mode: "maintain", stacks: [STACK] },
    });
    await putSource(openDatabase(this.#database()), SOURCE, config, undefined, at);
  }

  async poll(calm: boolean): Promise<Polled> {
    this.#calm = calm;
    this.#read = "none";
    if (!calm && this.#random.next() < 0.25) this.#d1.crashAfter(this.#random.between(1, 7), this.#random.next() < 0.5);
    if (!calm && this.now > this.#downUntil && this.#random.next() < 0.03)
      this.#downUntil = this.now + this.#random.between(1, 48) * HOUR;
    try {
      await pollSources(this.#context(), [SOURCE], true);
      // The cron's part.
      await deliverPending(this.#context().env);
    } catch (error) {
      if (!(error instanceof Crash) && !(error instanceof Error && error.name === "StorageFault")) throw error;
    }
    const crashed = this.#d1.restart();
    if (!crashed) this.#reconciledVersion = this.#refsTold;
    this.#refsTold = this.#reconciledVersion;
    return { crashed, read: this.#read };
  }

  primed(): boolean {
    return this.#ask("SELECT primed AND refs_seeded FROM feed_sources");
  }

  unsettled(): boolean {
    if (this.#reconciledVersion !== this.#upstream.version) return true;
    return this.#ask(
      `SELECT gap_since IS NOT NULL OR last_outcome = 'failed'
         OR EXISTS (SELECT 1 FROM deliveries WHERE status = 'pending') FROM feed_sources`,
    );
  }

  /** A question to the disk whose answer is yes or no. */
  #ask(query: string): boolean {
    return this.#d1.sqlite.raw(query, [])[0]?.[0] === 1;
  }

  #context(): PollContext {
    return {
      env: { DB: this.#database(), PATCH_STACK: this.#stacks() },
      outbound: { allowLocal: false, fetch: (url, init) => this.#answer(url, new Headers(init.headers)) },
      now: () => this.now,
      random: () => this.#random.next(),
    };
  }

  /** The shape that intake uses; D1's own type has far more. */
  #database(): D1Database {
    return this.#d1 as unknown as D1Database;
  }

  async #answer(url: string, headers: Headers): Promise<Response> {
    const trouble = this.#calm ? 1 : this.#random.next();
    if (this.now < this.#downUntil && !this.#calm) return new Response("down", { status: 503 });
    if (url.endsWith("/git-upload-pack")) {
      if (trouble < 0.1 || this.#refsAreOff()) throw new Error("connection reset");
      const refs = this.#upstream.refs();
      if (trouble < 0.15) return new Response(refs.slice(0, refs.length / 2));
      this.#refsTold = this.#upstream.version;
      return new Response(refs);
    }
    const etag = `"${this.#upstream.version}"`;
    if (headers.get("if-none-match") === etag) {
      this.#read = "same";
      return new Response(null, { status: 304 });
    }
    if (trouble < 0.04) throw new Error("connection reset");
    const feed = this.#upstream.feed();
    if (trouble < 0.08) return new Response(feed.slice(0, this.#random.between(0, feed.length - 7)));
    if (trouble < 0.1) return new Response("<!doctype html><title>Just a moment</title>");
    // A forge in trouble shows fewer of them, or none.
    const cut = trouble < 0.12 ? 0 : trouble < 0.14 ? this.#random.between(1, 9) : undefined;
    const window = this.#upstream.window().slice(0, cut);
    if (window.length === 0) return new Response(this.#upstream.feed([]));
    this.#read = window;
    for (const { cursor, emitted } of this.#naive) emitted.push(...cursor.take(window));
    if (this.#crippled === "validators first, no refs" && this.primed())
      this.#d1.sqlite.run("UPDATE feed_sources SET etag = ?", [etag]);
    const shown = trouble > 0.14 && trouble < 0.19 ? window.toReversed() : window;
    return new Response(this.#upstream.feed(shown), { headers: { etag } });
  }

  #refsAreOff(): boolean {
    if (this.#crippled === undefined || !this.#ask("SELECT refs_seeded FROM feed_sources")) return false;
    return (
      this.#crippled !== "no daily reading of refs" || !this.#ask("SELECT gap_since IS NOT NULL FROM feed_sources")
    );
  }

  /** The object's place: takes each event once, and is away at times. */
  #stacks(): Env["PATCH_STACK"] {
    const accept = async (stackId: string, eventIds: string[]): Promise<{ ok: true }> => {
      if (!this.#calm && this.#random.next() < 0.1) throw new Error("the object is overloaded");
      await this.#d1.write(() => {
        for (const id of eventIds)
          this.#d1.sqlite.run(
            "UPDATE deliveries SET status = 'accepted' WHERE stack_id = ? AND event_id = ? AND status = 'pending'",
            [stackId, id],
          );
      });
      return { ok: true };
    };
    return { getByName: () => ({ accept }) } as unknown as Env["PATCH_STACK"];
  }

  told(): Told[] {
    return this.#d1.sqlite.all<Told>(
      `SELECT e.id, e.type, json_extract(e.payload, '$.entry.tag') AS tag, d.status FROM flow_events e
       LEFT JOIN deliveries d ON d.event_id = e.id`,
    );
  }

  naive(): { name: string; emitted: string[] }[] {
    return this.#naive.map(({ cursor, emitted }) => ({ name: cursor.name, emitted }));
  }
}
