/**
 * The queue's consumer as `worker/intake/poll.ts` does it, with the real reading, planning and
 * storing; only the feed's text and its parser are left out.
 *
 * @module
 */
import { deliverPending } from "../../worker/intake/deliver.ts";
import { followingStack } from "../../worker/intake/movement.ts";
import { planIntake } from "../../worker/intake/plan-intake.ts";
import { commit } from "../../worker/store/database.ts";
import { knownEntries, storeIntake } from "../../worker/store/feed-entries.ts";
import {
  type FeedSourceRow,
  findSources,
  followersOf,
  type PollRecord,
  recordPolls,
} from "../../worker/store/feed-sources.ts";
import { batchSources, endBatch, releaseBatches } from "../../worker/store/poll-batches.ts";
import type { Edge, Invocation } from "./edge.ts";
import type { FeedName, Upstream } from "./upstream.ts";

/** What is polled: a batch that the cron made, or one source of which its forge told. */
export type Polled = { batchId: number } | { sourceId: string };

export class Poller {
  private readonly edge: Edge;
  private readonly upstream: Upstream;
  private readonly everyMs: number;
  /** Who polls a source for which batch, until that has ended or its invocation has. */
  private readonly hands = new Map<string, { batchId: number; invocation: Invocation }>();

  constructor(edge: Edge, upstream: Upstream, everyMs: number) {
    this.edge = edge;
    this.upstream = upstream;
    this.everyMs = everyMs;
  }

  /** Polls; false when the message should come back. */
  async poll(what: Polled, tries: number): Promise<boolean> {
    const invocation = this.edge.invoke("poll");
    if ("sourceId" in what) {
      const { rows } = await findSources(invocation.db, [what.sourceId]);
      const ends = await this.takeIn(invocation, rows);
      return this.record(invocation, ends);
    }
    const { batchId } = what;
    const { rows: sources } = await batchSources(invocation.db, batchId, this.edge.stage.timeline.now);
    if (sources.length === 0) {
      if (tries === 1) await releaseBatches(invocation.db, [batchId]);
      return true;
    }
    for (const { id } of sources) this.take(id, batchId, invocation);
    try {
      return await this.record(invocation, await this.takeIn(invocation, sources), batchId);
    } finally {
      for (const { id } of sources) if (this.hands.get(id)?.invocation === invocation) this.hands.delete(id);
    }
  }

  /** The queue may deliver a message twice; two messages must not name the same source. */
  private take(sourceId: string, batchId: number, invocation: Invocation): void {
    const other = this.hands.get(sourceId);
    if (other !== undefined && other.batchId !== batchId && other.invocation.isAlive())
      this.edge.stage.watch.fail(
        "a source is in one batch",
        `${sourceId} is polled for batch ${other.batchId} and for batch ${batchId}`,
      );
    this.hands.set(sourceId, { batchId, invocation });
  }

  /** What each poll was; undefined where it could not be stored. */
  private async takeIn(invocation: Invocation, sources: readonly FeedSourceRow[]): Promise<End[]> {
    const ends: End[] = [];
    for (const source of sources) ends.push({ source, record: await this.store(invocation, source) });
    return ends;
  }

  private async store(invocation: Invocation, source: FeedSourceRow): Promise<PollRecord | undefined> {
    const sourceId = source.id;
    const { timeline, dice } = this.edge.stage;
    await timeline.sleep(dice.between(20, 2000));
    const feed: FeedName = source.config.event === "release" ? "releases" : "tags";
    const answer = this.upstream.read(feed, source.etag);
    const at = new Date(timeline.now).toISOString();
    if (answer === undefined) return this.recordOf(source, "not_modified", source.etag);
    const entries = answer.entries.map((item) => item.entry);
    const found = (await knownEntries(invocation.db, [{ sourceId, entries }])).get(sourceId);
    if (found === undefined) return undefined;
    const plan = planIntake({
      sourceId,
      config: source.config,
      primed: source.primed,
      seeded: found.seeded,
      known: found.known,
      standing: found.standing,
      poll: source.polls - source.failedPolls + 1,
      entries: answer.entries,
      stacks: await this.followers(invocation, sourceId),
      // Longer than any burst: what falls out of a window is read from refs, which are not played here.
      window: 1000,
      now: at,
    });
    const seed = !source.primed || !found.seeded;
    if (plan.entries.length === 0 && !seed) return this.recordOf(source, "unchanged", answer.etag);
    const marks = seed ? { primed: true } : {};
    if ((await storeIntake(invocation.db, sourceId, plan, marks, at)) !== undefined) return undefined;
    await deliverPending(invocation.env, [...new Set(plan.deliveries.map((delivery) => delivery.stackId))]);
    return this.recordOf(source, "changed", answer.etag);
  }

  private recordOf(source: FeedSourceRow, outcome: PollRecord["outcome"], etag: string | null): PollRecord {
    const { timeline, dice } = this.edge.stage;
    return {
      id: source.id,
      version: source.updatedAt,
      outcome,
      at: new Date(timeline.now).toISOString(),
      nextPollAt: new Date(timeline.now + this.everyMs * (0.9 + 0.2 * dice.next())).toISOString(),
      consecutiveFailures: 0,
      etag,
      lastModified: null,
      error: null,
      movedTo: null,
    };
  }

  private async record({ db }: Invocation, ends: readonly End[], batchId?: number): Promise<boolean> {
    const records = ends.flatMap(({ record }) => (record === undefined ? [] : [record]));
    const left = ends.flatMap(({ source, record }) => (record === undefined ? [source.id] : []));
    const failure = await commit(db, [
      ...(records.length === 0 ? [] : [recordPolls(db, records)]),
      ...(batchId === undefined ? [] : [endBatch(db, batchId, left, this.edge.stage.timeline.now)]),
    ]);
    return failure === undefined && left.length === 0;
  }

  private async followers({ db }: Invocation, sourceId: string) {
    const rows = await followersOf(db, sourceId);
    return rows.map(({ stackId, config }) => followingStack(stackId, config));
  }
}

type End = { source: FeedSourceRow; record: PollRecord | undefined };
