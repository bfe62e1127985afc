/**
 * Attempts from before this record began. They are over: they take a number and a row each, say where they come
 * from, and start nothing.
 *
 * @module
 */
import type { PastAttempt } from "../../worker/contract/history.ts";
import { compareTags } from "../../worker/releases/release-policy.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import { candidateId, type Draft } from "./draft.ts";
import type { Carried, IncomingEvent, Refusal } from "./state.ts";

export type Recalled = { event: IncomingEvent; past: PastAttempt };

/** Everything that is remembered of a stack. `channels` are the commits that their branches stand on. */
export type Recall = {
  attempts: readonly Recalled[];
  carried: Carried | null;
  channels: Readonly<Record<string, string>>;
  actor: string;
};

export function recall(draft: Draft, { attempts, carried, channels, actor }: Recall): Refusal | null {
  const { stack } = draft;
  if (stack.deletedAt !== null)
    return { code: "gone", message: `stack '${stack.id}' was deleted at ${stack.deletedAt}; declare it first` };
  for (const recalled of attempts) standOn(draft, draft.recall(recalled.event, recalled.past, actor), channels, actor);
  for (const { event, past } of attempts)
    if (past.status === "changed" || past.status === "completed") follow(draft, event.tag);
  if (stack.carried === null && carried !== null) {
    stack.carried = carried;
    follow(draft, carried.tag ?? null);
    const message = `the maintained branch stands on ${carried.tag ?? carried.oid}`;
    draft.write({ kind: "stack", actor, reason: { code: "recalled", message }, data: { carried } });
  }
  return null;
}

/** What was carried once is never carried again as something new. */
function follow(draft: Draft, tag: string | null): void {
  const { stack } = draft;
  if (tag === null) return;
  const order = stack.highestTag === null ? 1 : compareTags(stack.config.policy.releases, tag, stack.highestTag);
  if (order === 1) stack.highestTag = tag;
}

/** A channel whose branch stands on one of the attempt's candidates. */
function standOn(draft: Draft, attempt: AttemptRow, channels: Recall["channels"], actor: string): void {
  for (const [channel, oid] of Object.entries(channels)) {
    const index = attempt.candidates.findIndex((candidate) => candidate.oid === oid);
    if (index < 0 || draft.stack.channels[channel] !== undefined) continue;
    const tag = attempt.tag ?? undefined;
    const pointer = { candidateId: candidateId(attempt, index), attemptId: attempt.id, oid, tag, actor, at: draft.now };
    draft.stack.channels = { ...draft.stack.channels, [channel]: pointer };
  }
}
