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
import { type FeedSourceRow, findSources, followersOf, recordPolls } from "../../worker/store/feed-sources.ts";
import type { Edge, Invocation } from "./edge.ts";
import type { FeedName, Upstream } from "./upstream.ts";

export class Poller {
  private readonly edge: Edge;
  private readonly upstream: Upstream;
  private readonly everyMs: number;

  constructor(edge: Edge, upstream: Upstream, everyMs: number) {
    this.edge = edge;
    this.upstream = upstream;
    this.everyMs = everyMs;
  }

  /** Polls one source; false when the message should come back. */
  async poll(sourceId: string): Promise<boolean> {
    const invocation = this.edge.invoke("poll");
    const [source] = await findSources(invocation.db, [sourceId]);
    if (source === undefined) return true;
    const stacks = await this.followers(invocation, sourceId);
    const { timeline, dice } = this.edge.stage;
    await timeline.sleep(dice.between(20, 2000));
    const feed: FeedName = source.config.event === "release" ? "releases" : "tags";
    const answer = this.upstream.read(feed, source.etag);
    const at = new Date(timeline.now).toISOString();
    let outcome: "changed" | "unchanged" | "not_modified" = "not_modified";
    if (answer !== undefined) {
      const entries = answer.entries.map((item) => item.entry);
      const found = (await knownEntries(invocation.db, [{ sourceId, entries }])).get(sourceId);
      if (found === undefined) return false;
      const plan = planIntake({
        sourceId,
        config: source.config,
        primed: source.primed,
        seeded: found.seeded,
        known: found.known,
        standing: found.standing,
        poll: source.polls - source.failedPolls + 1,
        entries: answer.entries,
        stacks,
        // Longer than any burst: what falls out of a window is read from refs, which are not played here.
        window: 1000,
        now: at,
      });
      const seed = !source.primed || !found.seeded;
      outcome = plan.entries.length === 0 && !seed ? "unchanged" : "changed";
      if (outcome === "changed") {
        const marks = seed ? { primed: true } : {};
        if ((await storeIntake(invocation.db, sourceId, plan, marks, at)) !== undefined) return false;
        await deliverPending(invocation.env, [...new Set(plan.deliveries.map((delivery) => delivery.stackId))]);
      }
    }
    return this.record(invocation, source, outcome, answer?.etag ?? source.etag);
  }

  private async record(
    { db }: Invocation,
    source: FeedSourceRow,
    outcome: "changed" | "unchanged" | "not_modified",
    etag: string | null,
  ): Promise<boolean> {
    const { timeline, dice } = this.edge.stage;
    const record = {
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
    return (await commit(db, [recordPolls(db, [record])])) === undefined;
  }

  private async followers({ db }: Invocation, sourceId: string) {
    const rows = await followersOf(db, [sourceId]);
    return rows.map(({ stackId, config }) => followingStack(stackId, config));
  }
}
