/**
 * When each claim's runner was last heard, and that no lease runs longer than from there.
 *
 * @module
 */
import { LEASE_SECONDS } from "../../worker/contract/runner-wire.ts";
import type { Problem } from "./journal-model.ts";
import type { Sqlite } from "./sqlite.ts";
import type { Timeline } from "./timeline.ts";

type Lease = { attempt_id: string; epoch: number; until: string };

export class LeaseLedger {
  private readonly timeline: Timeline;
  /** By attempt and epoch: messages that are being answered, when the last one was, and the longest lease asked for. */
  private readonly heard = new Map<string, { speaking: number; last: number; seconds: number }>();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  /** A message of the claim has arrived; the answer takes a while. */
  speaks(attemptId: string, epoch: number, leaseSeconds = LEASE_SECONDS): () => void {
    const key = `${attemptId}/${epoch}`;
    const claim = this.heard.get(key) ?? { speaking: 0, last: 0, seconds: LEASE_SECONDS };
    this.heard.set(key, claim);
    claim.speaking++;
    claim.seconds = Math.max(claim.seconds, leaseSeconds);
    return () => {
      claim.speaking--;
      claim.last = this.timeline.now;
    };
  }

  storageProblem(storage: Sqlite): Problem | undefined {
    for (const lease of storage.all<Lease>("SELECT attempt_id, epoch, until FROM lease")) {
      const problem = this.problem(lease.attempt_id, lease.epoch, lease.until);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  problem(attemptId: string, epoch: number, until: string): Problem | undefined {
    const claim = this.heard.get(`${attemptId}/${epoch}`);
    const last = claim === undefined ? 0 : claim.speaking > 0 ? this.timeline.now : claim.last;
    if (Date.parse(until) <= last + (claim?.seconds ?? LEASE_SECONDS) * 1000) return undefined;
    const heard = last === 0 ? "was never heard" : `was last heard at ${new Date(last).toISOString()}`;
    return {
      invariant: "only the runner extends its lease",
      message: `${attemptId}, epoch ${epoch}: lease until ${until}, but its runner ${heard}`,
    };
  }
}
