/**
 * Stacks that sources feed, read when the first of them has something for one: most polls have nothing.
 *
 * @module
 */
import type { Database } from "../store/database.ts";
import { type FeedSourceRow, followersOf } from "../store/feed-sources.ts";
import { type FollowingStack, followingStack } from "./movement.ts";

export type Followers = () => Promise<ReadonlyMap<string, readonly FollowingStack[]>>;

/** The stacks of these sources by source, read once, however often it is asked. */
export function followersOnce(db: Database, sources: readonly FeedSourceRow[]): Followers {
  let reading: ReturnType<Followers> | undefined;
  return () => {
    reading ??= followingStacks(db, sources);
    return reading;
  };
}

async function followingStacks(
  db: Database,
  sources: readonly FeedSourceRow[],
): Promise<ReadonlyMap<string, readonly FollowingStack[]>> {
  const maintained = sources.filter((source) => source.config.target.mode !== "notify_only").map((source) => source.id);
  const bySource = new Map<string, FollowingStack[]>();
  for (const { sourceId, stackId, config } of await followersOf(db, maintained)) {
    const stack = followingStack(stackId, config);
    const stacks = bySource.get(sourceId);
    if (stacks === undefined) bySource.set(sourceId, [stack]);
    else stacks.push(stack);
  }
  return bySource;
}
