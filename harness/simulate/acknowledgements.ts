/**
 * What was acknowledged is on record, at the moment of the acknowledgement.
 *
 * @module
 */
import type { OperatorCommand } from "../../durable-objects/stack-desk.ts";
import { isTerminal } from "../../worker/contract/attempt.ts";
import type { RunnerCallback } from "../../worker/contract/runner-wire.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { JournalModel, Problem } from "./journal-model.ts";
import type { Sqlite } from "./sqlite.ts";

export class Acknowledgements {
  private readonly record: Sqlite;
  private readonly model: JournalModel;
  /** First attempt that was answered for an Idempotency-Key. */
  private readonly answered = new Map<string, string>();
  /** Nonce that each hand-out was given to. */
  private readonly holders = new Map<string, string>();
  /** Events that somebody was told are taken care of. */
  private readonly accepted = new Set<string>();

  constructor(record: Sqlite, model: JournalModel) {
    this.record = record;
    this.model = model;
  }

  accept(stackId: string, eventIds: readonly string[]): Problem | undefined {
    for (const eventId of eventIds) {
      this.accepted.add(`${stackId} ${eventId}`);
      const problem = this.acceptProblem(stackId, eventId);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** Whether everything accepted is there still. */
  lostProblem(): Problem | undefined {
    for (const known of this.accepted) {
      const [stackId = "", eventId = ""] = known.split(" ");
      const problem = this.acceptProblem(stackId, eventId);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** A hand-out is claimed once, under one nonce. */
  claim(attempt: AttemptRow, epoch: number, nonce: string): Problem | undefined {
    const key = `${attempt.id}/${epoch}`;
    const holder = this.holders.get(key) ?? nonce;
    this.holders.set(key, holder);
    if (holder !== nonce)
      return { invariant: "one claim per hand-out", message: `${key} was given to ${holder}, then to ${nonce}` };
    if (attempt.epoch !== epoch)
      return missing(`${attempt.id} was claimed under epoch ${epoch}, but is in epoch ${attempt.epoch}`);
    const claims = this.record.all(
      "SELECT 1 FROM journal WHERE attempt_id = ?1 AND epoch = ?2 AND command = 'claim' AND to_status = 'running'",
      attempt.id,
      epoch,
    );
    return claims.length === 1 ? undefined : missing(`the claim of ${attempt.id}, epoch ${epoch}`);
  }

  /** A result that counts ended its own epoch, and no other. */
  result(said: RunnerCallback, messageId: string): Problem | undefined {
    const { attemptId, epoch } = said;
    const [answer] = this.record.all<{ body: string }>(
      "SELECT body FROM answers WHERE key = ?1",
      `callback:${attemptId}:${messageId}`,
    );
    if (answer === undefined) return missing(`the answer to result ${messageId} of ${attemptId}`);
    const ends = this.record.all<{ from_epoch: number }>(
      `SELECT (SELECT max(p.epoch) FROM journal AS p WHERE p.attempt_id = j.attempt_id AND p.seq < j.seq
         AND p.kind <> 'evidence') AS from_epoch
       FROM journal AS j WHERE j.attempt_id = ?1 AND j.command = 'result' AND j.kind = 'transition'`,
      attemptId,
    );
    if (ends.some((end) => end.from_epoch === epoch)) return undefined;
    return missing(`what result ${messageId} did to ${attemptId}, epoch ${epoch}`);
  }

  operate(command: OperatorCommand, actor: string, key: string | undefined, attempt: AttemptRow): Problem | undefined {
    const first = key === undefined ? undefined : this.answered.get(key);
    if (key !== undefined) this.answered.set(key, first ?? attempt.id);
    if (first !== undefined && first !== attempt.id)
      return { invariant: "one answer per key", message: `${key} was answered with ${first}, then ${attempt.id}` };
    const [made] = this.record.all<{ count: number }>(
      "SELECT count(*) AS count FROM journal WHERE actor = ?1 AND kind = 'created'",
      `operator:${actor}`,
    );
    if (key !== undefined && (made?.count ?? 0) > 1)
      return { invariant: "one answer per key", message: `${key} made ${made?.count} attempts` };
    const known = this.model.find(attempt.id);
    if (known === undefined) return missing(`${attempt.id}, made by ${command.type}`);
    return this.done(command, attempt, actor) ? undefined : missing(`${command.type} of ${attempt.id}`);
  }

  private done({ type }: OperatorCommand, attempt: AttemptRow, actor: string): boolean {
    const told = this.record.all("SELECT 1 FROM journal WHERE actor = ?1 LIMIT 1", `operator:${actor}`).length > 0;
    if (type === "sync" || told) return true;
    // Cancelling what is being cancelled already changes nothing.
    return type === "cancel" && (attempt.cancelRequested || isTerminal(attempt.status));
  }

  private acceptProblem(stackId: string, eventId: string): Problem | undefined {
    const [event] = this.record.all<{ stored: number; accepted: number; attempts: number }>(
      `SELECT EXISTS (SELECT 1 FROM flow_events WHERE id = ?2) AS stored,
         EXISTS (SELECT 1 FROM deliveries WHERE event_id = ?2 AND stack_id = ?1 AND status = 'accepted') AS accepted,
         (SELECT count(*) FROM maintenance_attempts
          WHERE event_id = ?2 AND stack_id = ?1 AND operation = 'maintain') AS attempts`,
      stackId,
      eventId,
    );
    if (event === undefined || event.stored === 0) return missing(`event ${eventId}`);
    if (event.accepted === 1 && event.attempts === 1) return undefined;
    return missing(`${eventId} in ${stackId}: accepted ${event.accepted}, ${event.attempts} maintain attempts`);
  }
}

function missing(what: string): Problem {
  return { invariant: "acknowledged is recorded", message: `acknowledged, but not on record: ${what}` };
}
