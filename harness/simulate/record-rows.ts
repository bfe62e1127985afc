/**
 * The rows of the record against what the journal tells: those that a write touched, and all of them.
 *
 * @module
 */
import { type AttemptStatus, isActive, isTerminal } from "../../worker/contract/attempt.ts";
import type { JournalModel, KnownAttempt, Problem } from "./journal-model.ts";
import type { LeaseLedger } from "./lease-ledger.ts";
import type { Sqlite } from "./sqlite.ts";

/** Tables whose rows are noted when they are written. */
export const WATCHED = ["maintenance_attempts", "deliveries", "feed_entries"];

/** Notes every row that is written, so that a look after each write costs what was written. */
export const TOUCHED = `
  CREATE TEMP TABLE touched (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, a TEXT NOT NULL, b TEXT);
  CREATE TEMP TRIGGER touch_attempt_made AFTER INSERT ON main.maintenance_attempts
    BEGIN INSERT INTO touched (kind, a) VALUES ('attempt', new.id); END;
  CREATE TEMP TRIGGER touch_attempt AFTER UPDATE ON main.maintenance_attempts
    BEGIN INSERT INTO touched (kind, a) VALUES ('attempt', new.id); END;
  CREATE TEMP TRIGGER touch_delivery AFTER UPDATE ON main.deliveries
    BEGIN INSERT INTO touched (kind, a, b) VALUES ('delivery', new.stack_id, new.event_id); END;
  CREATE TEMP TRIGGER touch_entry_made AFTER INSERT ON main.feed_entries
    BEGIN INSERT INTO touched (kind, a, b) VALUES ('entry', new.source_id, new.entry_id); END;
  CREATE TEMP TRIGGER touch_entry AFTER UPDATE ON main.feed_entries
    BEGIN INSERT INTO touched (kind, a, b) VALUES ('entry', new.source_id, new.entry_id); END;
`;

type AttemptCells = Record<string, unknown> & {
  id: string;
  stack_id: string;
  event_id: string;
  operation: string;
  status: AttemptStatus;
  epoch: number;
  retries: number;
  movement: string;
  cancel_requested: number;
  lease_until: string | null;
};

export class RecordRows {
  private readonly record: Sqlite;
  private readonly model: JournalModel;
  private readonly leases: LeaseLedger;
  /** Rows of attempts as they ended. */
  private readonly ended = new Map<string, string>();
  private seen = 0;

  constructor(record: Sqlite, model: JournalModel, leases: LeaseLedger) {
    this.record = record;
    this.model = model;
    this.leases = leases;
  }

  /** What is wrong with the rows that were written since the last look. */
  touchedProblem(): Problem | undefined {
    const touched = this.record.all<{ n: number; kind: string; a: string; b: string | null }>(
      "SELECT n, kind, a, b FROM touched WHERE n > ?1",
      this.seen,
    );
    const attempts = new Set<string>();
    for (const { n, kind, a, b } of touched) {
      this.seen = n;
      if (kind === "attempt") attempts.add(a);
      const problem =
        kind === "delivery"
          ? this.deliveryProblem(a, b ?? "")
          : kind === "entry"
            ? this.entryProblem(a, b ?? "")
            : undefined;
      if (problem !== undefined) return problem;
    }
    for (const id of attempts) {
      const problem = this.attemptProblem(id);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** The stack's own row, its active attempts and their dispatches. */
  stackProblem(stackId: string): Problem | undefined {
    const active = this.model.activeOf(stackId);
    if (active.length > 1)
      return { invariant: "one active attempt", message: `${active.map((a) => `${a.id} ${a.status}`).join(", ")}` };
    const [row] = this.record.all<{ journal_seq: number; attempt_count: number; ended_counts: string }>(
      "SELECT journal_seq, attempt_count, ended_counts FROM stacks WHERE id = ?1",
      stackId,
    );
    const seq = this.model.seqOf(stackId);
    const known = this.model.attemptsOf(stackId);
    const count = known.length;
    if (row === undefined || row.journal_seq !== seq || row.attempt_count !== count)
      return unequal(`${stackId} says ${JSON.stringify(row)}; its journal has ${seq} rows, ${count} attempts`);
    const counts = Object.values(JSON.parse(row.ended_counts) as Record<string, number>);
    const ended = known.filter((attempt) => isTerminal(attempt.status)).length;
    if (counts.reduce((sum, n) => sum + n, 0) !== ended)
      return unequal(`${stackId} counts ${row.ended_counts} ended attempts; its journal has ${ended}`);
    const open = this.record.all<{ id: string; status: string }>(
      "SELECT id, status FROM dispatches WHERE stack_id = ?1 AND status IN ('waiting', 'claimed')",
      stackId,
    );
    const wanted = active.map(
      ({ id, epoch, status }) => `${id}.${epoch} ${status === "running" ? "claimed" : "waiting"}`,
    );
    const found = open.map(({ id, status }) => `${id} ${status}`);
    if (found.join() !== wanted.join())
      return unequal(`${stackId} has dispatches '${found.join()}', expected '${wanted.join()}'`);
    return undefined;
  }

  /** Every row of the attempts, and that the events' attempts add up. */
  fullProblem(): Problem | undefined {
    const rows = this.record.all<{ id: string; stack_id: string }>("SELECT id, stack_id FROM maintenance_attempts");
    const counted = new Map<string, number>();
    for (const { id, stack_id: stackId } of rows) {
      counted.set(stackId, (counted.get(stackId) ?? 0) + 1);
      const problem = this.attemptProblem(id);
      if (problem !== undefined) return problem;
    }
    for (const [stackId, count] of counted) {
      if (count !== this.model.attemptsOf(stackId).length)
        return unequal(
          `${stackId} has ${count} attempt rows, its journal made ${this.model.attemptsOf(stackId).length}`,
        );
    }
    const journal = this.record.all<{ stack_id: string; rows: number; last: number }>(
      "SELECT stack_id, count(*) AS rows, max(seq) AS last FROM journal GROUP BY stack_id",
    );
    for (const { stack_id: id, rows: count, last } of journal) {
      if (count !== last || last !== this.model.seqOf(id))
        return { invariant: "journal has no gaps", message: `${id}: ${count} rows, the last is ${last}` };
    }
    const [delivery] = this.record.all<{ stack_id: string; event_id: string }>(
      `SELECT d.stack_id, d.event_id FROM deliveries AS d WHERE (status = 'accepted') <> (
         SELECT count(*) FROM maintenance_attempts AS a
         WHERE a.event_id = d.event_id AND a.stack_id = d.stack_id AND a.operation = 'maintain')`,
    );
    return delivery === undefined ? undefined : this.deliveryProblem(delivery.stack_id, delivery.event_id);
  }

  private attemptProblem(id: string): Problem | undefined {
    const [row] = this.record.all<AttemptCells>("SELECT * FROM maintenance_attempts WHERE id = ?1", id);
    const known = this.model.find(id);
    if (row === undefined || known === undefined) return unequal(`${id} is in the rows or in the journal, not in both`);
    const problem = this.endedProblem(row) ?? sameProblem(row, known);
    if (problem !== undefined) return problem;
    if (row.cancel_requested !== 0 && row.status !== "running")
      return unequal(`${id} is ${row.status} with a cancel request that nobody will answer`);
    if (row.operation === "maintain") {
      const twice = this.maintainProblem(row);
      if (twice !== undefined) return twice;
    }
    if (!isActive(row.status) || row.lease_until === null) return undefined;
    return this.leases.problem(id, row.epoch, row.lease_until);
  }

  private endedProblem(row: AttemptCells): Problem | undefined {
    const before = this.ended.get(row.id);
    const now = JSON.stringify(row);
    if (before === undefined && isTerminal(row.status)) this.ended.set(row.id, now);
    if (before === undefined || before === now) return undefined;
    return {
      invariant: "terminal states never change",
      message: `${row.id} had ended as ${before}, and is now ${now}`,
    };
  }

  private maintainProblem(row: AttemptCells): Problem | undefined {
    const [twin] = this.record.all<{ id: string; event_id: string }>(
      `SELECT id, event_id FROM maintenance_attempts
       WHERE stack_id = ?1 AND id <> ?2 AND operation = 'maintain'
         AND (event_id = ?3 OR (movement = ?4 AND status <> 'skipped' AND ?5 <> 'skipped'))`,
      row.stack_id,
      row.id,
      row.event_id,
      row.movement,
      row.status,
    );
    if (twin === undefined) return undefined;
    const invariant = twin.event_id === row.event_id ? "one maintain attempt per event" : "a movement is acted on once";
    return { invariant, message: `${row.id} and ${twin.id} both carry ${row.movement} (${row.event_id})` };
  }

  private deliveryProblem(stackId: string, eventId: string): Problem | undefined {
    const [row] = this.record.all<{ status: string; attempts: number }>(
      `SELECT status, (SELECT count(*) FROM maintenance_attempts AS a
         WHERE a.event_id = d.event_id AND a.stack_id = d.stack_id AND a.operation = 'maintain') AS attempts
       FROM deliveries AS d WHERE stack_id = ?1 AND event_id = ?2`,
      stackId,
      eventId,
    );
    if (row === undefined || row.attempts === (row.status === "accepted" ? 1 : 0)) return undefined;
    return {
      invariant: "one maintain attempt per event",
      message: `${eventId} in ${stackId} is ${row.status} and has ${row.attempts} maintain attempts`,
    };
  }

  /** An entry that is known has its signal; one that counts has its event, and that its deliveries. */
  private entryProblem(sourceId: string, entryId: string): Problem | undefined {
    if (entryId === "") return undefined;
    const [row] = this.record.all<{ disposition: string | null; events: number; missing: number }>(
      `SELECT s.disposition AS disposition,
         (SELECT count(*) FROM flow_events WHERE id = s.event_id) AS events,
         (SELECT count(*) FROM json_each(s.decisions) AS j WHERE json_extract(j.value, '$.pass') AND NOT EXISTS (
            SELECT 1 FROM deliveries WHERE event_id = s.event_id
              AND stack_id = json_extract(j.value, '$.stackId'))) AS missing
       FROM feed_entries AS e LEFT JOIN feed_signals AS s
         ON s.source_id = e.source_id AND s.entry_id = e.entry_id AND s.revision = e.revision
       WHERE e.source_id = ?1 AND e.entry_id = ?2`,
      sourceId,
      entryId,
    );
    const told = row?.disposition ?? null;
    if (row !== undefined && told !== null && (told !== "event" || (row.events === 1 && row.missing === 0)))
      return undefined;
    return { invariant: "an entry has its event", message: `${entryId} of ${sourceId}: ${JSON.stringify(row)}` };
  }
}

function sameProblem(row: AttemptCells, known: KnownAttempt): Problem | undefined {
  const stored = [row.status, row.epoch, row.retries, row.operation, row.event_id];
  const told = [known.status, known.epoch, known.retries, known.operation, known.eventId];
  if (stored.join() === told.join()) return undefined;
  return unequal(`${row.id} is ${stored.join(" ")}; the journal tells ${told.join(" ")}`);
}

function unequal(message: string): Problem {
  return { invariant: "journal equals rows", message };
}
