/**
 * The Git repository behind a source: where the operator says it is, else where the feed's address says.
 *
 * @module
 */
import type { FeedSourceConfig } from "../contract/feed-source.ts";
import { PROVIDERS } from "../providers/index.ts";

/** Address for {@link lsRefs}; undefined where there is no repository to ask. */
export function repositoryOf(config: Pick<FeedSourceConfig, "provider" | "url" | "repo">): string | undefined {
  if (config.repo?.webUrl !== undefined) return config.repo.webUrl.replace(/\/+$/, "");
  if (!URL.canParse(config.url)) return undefined;
  return PROVIDERS[config.provider].repository?.(new URL(config.url));
}

/** Full name of the branch that a source of pushes follows. */
export function branchOf(config: FeedSourceConfig): string | undefined {
  if (config.event !== "push") return undefined;
  const named = PROVIDERS[config.provider].read({}, { event: "push", url: config.url }).ref;
  const fallback = config.repo?.defaultBranch;
  return named ?? (fallback === undefined ? undefined : `refs/heads/${fallback}`);
}

/** What to ask the repository for: all tags, or the one branch; nothing where the branch is not known. */
export function refPrefixes(config: FeedSourceConfig): string[] {
  // Advisories tell of versions, not of refs.
  if (config.event === "advisory") return [];
  if (config.event !== "push") return ["refs/tags/"];
  const branch = branchOf(config);
  return branch === undefined ? [] : [branch];
}
