/**
 * What a runner needs to move a channel.
 *
 * @module
 */
import { channelRef } from "../contract/channel.ts";
import type { JobEnvelope } from "../contract/runner-wire.ts";
import { lastPromoted } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
import { findCandidate } from "../store/dispatches.ts";
import type { AttemptRow, StackRow } from "../store/rows.ts";

/** Undefined for an attempt that moves none. */
export async function promotion(
  db: Database,
  { id, stackId, channel, candidateId }: AttemptRow,
  channels: StackRow["channels"],
): Promise<JobEnvelope["promote"]> {
  if (channel === null || candidateId === null) return undefined;
  const at = channels[channel];
  const [candidate, last] = await Promise.all([findCandidate(db, candidateId), lastPromoted(db, stackId, channel)]);
  if (candidate === undefined) throw new Error(`attempt ${id} promotes ${candidateId}, which there is not`);
  return {
    channel,
    ref: channelRef(stackId, channel),
    oid: candidate.oid,
    expectedOids: [...new Set([...(at === undefined ? [] : [at.oid]), ...last])],
    candidateRef: candidate.ref,
  };
}
