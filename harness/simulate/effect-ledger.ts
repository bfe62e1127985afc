/**
 * Effects that left and arrived, against the outbox.
 *
 * @module
 */
import type { Problem } from "./journal-model.ts";
import type { Sqlite } from "./sqlite.ts";

export class EffectLedger {
  private readonly record: Sqlite;
  private readonly received = new Set<string>();

  constructor(record: Sqlite) {
    this.record = record;
  }

  leaves(id: string): Problem | undefined {
    if (this.record.all("SELECT 1 FROM outbox WHERE id = ?1", id).length > 0) return undefined;
    return { invariant: "no effect without record", message: `effect ${id} leaves, and no outbox row says so` };
  }

  arrived(id: string): void {
    this.received.add(id);
  }

  /** An effect that the record calls sent, and that nobody ever got; or one given up in silence. */
  unsentProblem(): Problem | undefined {
    const rows = this.record.all<{ id: string; status: string; told: number }>(
      `SELECT id, status, EXISTS (SELECT 1 FROM journal WHERE journal.stack_id = outbox.stack_id AND journal.kind = 'outbox'
         AND json_extract(data, '$.effectId') = outbox.id) AS told FROM outbox WHERE outbox.kind <> 'dispatch'`,
    );
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
