/**
 * Effects that left and arrived, against the outbox.
 *
 * @module
 */
import type { Problem } from "./journal-model.ts";
import type { Sqlite } from "./sqlite.ts";

/** Those that leave with another one, which does not tell as many as leave with it. */
const NOT_TOLD_WITH = `SELECT f.id FROM outbox AS f LEFT JOIN outbox AS l ON l.id = json_extract(f.payload, '$.leavesWith')
  WHERE f.status = 'folded' AND (l.id IS NULL OR l.status = 'folded' OR coalesce(json_array_length(l.payload, '$.others'), 0) <> (
    SELECT count(*) FROM outbox AS o WHERE o.status = 'folded' AND json_extract(o.payload, '$.leavesWith') = l.id)) LIMIT 1`;

export class EffectLedger {
  private readonly record: Sqlite;
  /** What arrived under each id. */
  private readonly received = new Map<string, string>();

  constructor(record: Sqlite) {
    this.record = record;
  }

  leaves(id: string): Problem | undefined {
    if (this.record.all("SELECT 1 FROM outbox WHERE id = ?1", id).length > 0) return undefined;
    return { invariant: "no effect without record", message: `effect ${id} leaves, and no outbox row says so` };
  }

  /** A receiver keeps the first of what comes under one id, so another message under it would be lost. */
  arrived(id: string, message: string): Problem | undefined {
    const first = this.received.get(id) ?? message;
    this.received.set(id, first);
    if (first === message) return undefined;
    return { invariant: "one id, one message", message: `effect ${id} arrived again as another message` };
  }

  /** An effect that the record calls sent, and that nobody ever got; or one given up in silence. */
  unsentProblem(): Problem | undefined {
    const rows = this.record.all<{ id: string; status: string; told: number }>(
      `SELECT id, status, EXISTS (SELECT 1 FROM journal WHERE journal.stack_id = outbox.stack_id AND journal.kind = 'outbox'
         AND json_extract(data, '$.effectId') = outbox.id) AS told FROM outbox WHERE outbox.kind <> 'dispatch'`,
    );
    const [lost] = this.record.all<{ id: string }>(NOT_TOLD_WITH);
    if (lost !== undefined)
      return {
        invariant: "no effect without record",
        message: `effect ${lost.id} leaves with one that does not hold it`,
      };
    for (const { id, status, told } of rows) {
      if (status === "sent" && !this.received.has(id))
        return {
          invariant: "no effect without record",
          message: `effect ${id} is recorded as sent, but never arrived`,
        };
      if (status === "dead" && told === 0)
        return {
          invariant: "no effect without record",
          message: `effect ${id} was given up, and the journal is silent`,
        };
    }
    return undefined;
  }
}
