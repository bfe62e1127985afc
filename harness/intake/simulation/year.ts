/**
 * A repository's year, and whether what was emitted is what happened.
 *
 * @module
 */
import type { Random } from "../../chaos/random.ts";
import { DAY, HOUR, type Release, type Truth, type Upstream } from "./upstream.ts";

export type Count = { released: number; lost: number; doubled: number };

export type Verdict = {
  ours: Count;
  /** By the naive cursor's name. */
  naive: Map<string, Count>;
  moves: number;
  /** Bare tags that became releases, and those of them that were told. */
  promoted: number;
  promotionsTold: number;
  /** Releases that came back, as somebody who polls could tell, and those that were told. */
  republished: number;
  republishedTold: number;
  /** One line each: what was lost, doubled, made up or moved unnoticed. */
  violations: string[];
};

/** What a poll saw: entries of the feed, newest first; that it is as it was; or nothing to conclude from. */
export type Reading = readonly Release[] | "same" | "none";

export type Polled = { crashed: boolean; read: Reading };

export type SimulationResult = Verdict & { seed: number; polls: number; crashes: number };

/** An event on record, once for each delivery. */
export type Told = { id: string; type: string; tag: string; status: string | null };

/** Intake of one source, with its network, its storage and the stack it feeds. */
export type Watch = {
  now: number;
  /** One poll, in a process of its own. */
  poll(calm: boolean): Promise<Polled> | Polled;
  primed(): boolean;
  /** Whether another poll could find anything. */
  unsettled(): boolean;
  told(): Told[];
  /** Tags that each naive cursor would have started work for. */
  naive(): { name: string; emitted: string[] }[];
};

export const START = Date.UTC(2026, 0, 1);
const YEAR_DAYS = 365;

export async function liveYear(
  seed: number,
  random: Random,
  upstream: Upstream,
  watch: Watch,
): Promise<SimulationResult> {
  let polls = 0;
  let crashes = 0;
  const poll = async (calm: boolean): Promise<void> => {
    polls += 1;
    const { crashed, read } = await watch.poll(calm);
    if (crashed) crashes += 1;
    upstream.polled(read, crashed);
  };
  // Before the first poll nobody watches: the refs are there then, or nothing tells old from new.
  while (!watch.primed()) await poll(true);
  for (let day = 0; day < YEAR_DAYS; day++) {
    const busy = random.next() < 0.12;
    for (let i = busy ? random.between(1, 4) : 0; i > 0; i--) {
      watch.now += random.between(1, 6) * HOUR;
      upstream.act(watch.now);
      if (random.next() < 0.7) await poll(false);
    }
    watch.now = START + (day + 1) * DAY;
    // Nothing happened and everything is known: polls would be 304 and the daily reading the same refs.
    if (watch.unsettled()) await poll(false);
  }
  for (let i = 0; i < 4; i++) {
    watch.now += 2 * DAY;
    await poll(true);
  }
  return { seed, polls, crashes, ...judge(upstream.truth, watch) };
}

function judge(truth: Truth, watch: Watch): Verdict {
  const events = watch.told();
  const violations: string[] = [];
  const say = (line: string): void => {
    violations.push(line);
  };
  const releases = events.filter((event) => event.type === "upstream.release");
  const promotions = releases.filter(({ id }) => id.includes("#release"));
  for (const { tag } of promotions) if (!truth.promoted.has(tag)) say(`${tag}: no bare tag that became a release`);
  const emitted = releases.filter((event) => !promotions.includes(event)).map((event) => event.tag);
  const ours = count(truth, emitted, say);
  for (const event of events) if (event.status !== "accepted") say(`${event.tag}: not delivered`);
  const moved = events.filter((event) => event.type === "upstream.tag_moved");
  for (const [tag, times] of truth.moves) {
    const told = moved.filter((event) => event.tag === tag).length;
    if (told !== times) say(`${tag}: moved ${times} times, told ${told} times`);
  }
  const told = events.filter((event) => event.type === "upstream.republished");
  const times = (tag: string): number => told.filter((event) => event.tag === tag).length;
  for (const { tag } of told)
    if (times(tag) > (truth.republished.get(tag) ?? 0)) say(`${tag}: told as republished without being so`);
  for (const [tag, n] of truth.republishedSeen)
    if (times(tag) < n) say(`${tag}: came back ${n} times, told ${times(tag)} times`);
  const republished = [...truth.republishedSeen.values()].reduce((sum, n) => sum + n, 0);
  const naive = new Map(watch.naive().map(({ name, emitted: tags }) => [name, count(truth, tags)]));
  const promotionsTold = new Set(promotions.map(({ tag }) => tag)).size;
  if (promotionsTold < promotions.length) say("a bare tag became a release twice");
  const counts = { moves: moved.length, promoted: truth.promoted.size, promotionsTold };
  return { ours, naive, ...counts, republished, republishedTold: told.length, violations };
}

function count(
  { old, released, republished }: Truth,
  tags: readonly string[],
  say: (line: string) => void = () => {},
): Count {
  // An old tag that no feed told, released once more: nobody can know that it is not the first time.
  const made = (tag: string): boolean => old.has(tag) && !republished.has(tag);
  const times = new Map<string, number>();
  for (const tag of tags) times.set(tag, (times.get(tag) ?? 0) + 1);
  const lost = [...released.keys()].filter((tag) => !times.has(tag));
  const doubled = [...times].filter(([tag, n]) => n > 1 || made(tag)).map(([tag]) => tag);
  for (const tag of lost) say(`${tag}: lost`);
  for (const tag of doubled) say(`${tag}: ${made(tag) ? "from before we watched" : "doubled"}`);
  return { released: released.size, lost: lost.length, doubled: doubled.length };
}
