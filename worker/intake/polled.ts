/**
 * One source's poll: what its feed answered, and how it ended.
 *
 * @module
 */
import { UnreadableDeclaration } from "../store/declared-column.ts";
import type { FeedSourceRow, PollRecord } from "../store/feed-sources.ts";
import type { FeedFetchFailure, Validators } from "./fetch-feed.ts";
import type { RemoteRefs } from "./ls-refs.ts";
import type { IntakePlan } from "./movement.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";

export type Asked = {
  source: FeedSourceRow;
  at: string;
  validators: Validators;
  movedTo: string | null;
  /** Undefined for 304 and failures. */
  entries?: readonly NormalizedEntry[];
  /** Instead of entries, where the repository itself is the feed. */
  refs?: RemoteRefs;
  failure?: FeedFetchFailure;
};

/** `retry`: what was found could not be stored, why stands in the failure, and the poll should be made again. */
export type PollEnd = {
  poll: Asked;
  outcome: PollRecord["outcome"] | "retry";
  plan?: IntakePlan;
  stackIds: string[];
};

/** What of a source, or of a stack that it feeds, this version cannot read; as the source's record has it. */
export function unreadable(error: UnreadableDeclaration): { code: string; message: string } {
  return { code: "unreadable_declaration", message: error.message };
}

/** What was thrown for one source, as its record has it: a bug, or a declaration that cannot be read. */
export function unexpected(error: unknown): { code: string; message: string } {
  if (error instanceof UnreadableDeclaration) return unreadable(error);
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}
