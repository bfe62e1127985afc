/**
 * Stacks that sources feed, read when the first of them has something for one: most polls have nothing.
 *
 * @module
 */
import type { Database } from "../store/database.ts";
import type { UnreadableDeclaration } from "../store/declared-column.ts";
import { type FeedSourceRow, followersOfAll } from "../store/feed-sources.ts";
import { type FollowingStack, followingStack } from "./movement.ts";

/**
 * The stacks of a source. Throws {@link UnreadableDeclaration} where one of them cannot be read: what the source tells
 * is not taken in without it.
 */
export type Followers = (sourceId: string) => Promise<readonly FollowingStack[]>;

/** The stacks of these sources, read once, however often it is asked. */
export function followersOnce(db: Database, sources: readonly FeedSourceRow[]): Followers {
  let reading: ReturnType<typeof followingStacks> | undefined;
  return async (sourceId) => {
    reading ??= followingStacks(db, sources);
    const { bySource, unread } = await reading;
    const error = unread.get(sourceId);
    if (error !== undefined) throw error;
    return bySource.get(sourceId) ?? [];
  };
}

async function followingStacks(
  db: Database,
  sources: readonly FeedSourceRow[],
): Promise<{ bySource: Map<string, FollowingStack[]>; unread: Map<string, UnreadableDeclaration> }> {
  const maintained = sources.filter((source) => source.config.target.mode !== "notify_only").map((source) => source.id);
  const bySource = new Map<string, FollowingStack[]>();
  const { followers, unread } = await followersOfAll(db, maintained);
  for (const { sourceId, stackId, config } of followers) {
    const stack = followingStack(stackId, config);
    const stacks = bySource.get(sourceId);
    if (stacks === undefined) bySource.set(sourceId, [stack]);
    else stacks.push(stack);
  }
  return { bySource, unread };
}
