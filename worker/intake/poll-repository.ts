/**
 * Polls a source whose provider has no feed: the repository's refs are it.
 *
 * @module
 */

import type { FeedSourceConfig } from "../contract/feed-source.ts";
import type { Outbound } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { PROVIDERS } from "../providers/index.ts";
import type { Database } from "../store/database.ts";
import { allEntries } from "../store/feed-entries.ts";
import { lsRefs, type RefsFailure, type RemoteRefs } from "./ls-refs.ts";
import type { FollowingStack, IntakePlan } from "./movement.ts";
import { planRefs } from "./plan-refs.ts";
import { branchOf, refPrefixes, repositoryOf } from "./repository.ts";

export function refsAreTheFeed({ provider }: Pick<FeedSourceConfig, "provider">): boolean {
  return PROVIDERS[provider].refsOnly === true;
}

/** Asks for the refs that the source is about. */
export async function fetchRefs(
  config: FeedSourceConfig,
  outbound: Outbound,
): Promise<Result<RemoteRefs, RefsFailure>> {
  const repository = repositoryOf(config);
  const prefixes = refPrefixes(config);
  if (repository === undefined) return fail({ code: "bad_url", message: "the address names no repository" });
  if (prefixes.length === 0)
    return fail({ code: "no_branch", message: "set repo.defaultBranch: a source of pushes follows one branch" });
  const answer = await lsRefs(repository, prefixes, outbound);
  if (!answer.ok) return answer;
  const branch = branchOf(config);
  const refs = branch === undefined ? answer.value.refs : answer.value.refs.filter((ref) => ref.name === branch);
  return ok({ refs, digest: answer.value.digest });
}

/** What the refs mean for a source that has no other feed. */
export async function planRepository(
  db: Database,
  sourceId: string,
  config: FeedSourceConfig,
  remote: RemoteRefs,
  stacks: readonly FollowingStack[],
  primed: boolean,
  poll: number,
  now: string,
): Promise<{ plan: IntakePlan; seeded: boolean }> {
  const { seeded, entries: known } = await allEntries(db, sourceId);
  const plan = planRefs({
    sourceId,
    config,
    stacks,
    now,
    refs: remote.refs,
    known,
    baseline: !seeded && (primed || config.primeOnly),
    gap: false,
    bareTags: true,
    tagEntryId: (tag) => tag,
    poll,
  });
  return { plan, seeded };
}
