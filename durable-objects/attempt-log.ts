/**
 * The live log of each hand-out, in the object's own storage: its first and last parts.
 *
 * @module
 */
import { MAX_LOG_BYTES } from "../worker/contract/primitives.ts";

const HEAD = MAX_LOG_BYTES / 2;
const TAIL = MAX_LOG_BYTES / 2;

/** Hand-outs whose logs are kept, for each attempt that the policy keeps; the oldest go first. */
const LOGS_AN_ATTEMPT = 2;

export type LogSlice = {
  epoch: number;
  /** Offset of the first byte of `bytes`. */
  from: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes the runner has written, kept or not. */
  total: number;
};

type LogRow = { position: number; total: number };

export class AttemptLog {
  private readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS log (
        position INTEGER PRIMARY KEY, attempt_id TEXT NOT NULL, epoch INTEGER NOT NULL,
        total INTEGER NOT NULL DEFAULT 0, UNIQUE (attempt_id, epoch));
      CREATE TABLE IF NOT EXISTS log_chunk (
        log INTEGER NOT NULL REFERENCES log (position) ON DELETE CASCADE,
        start INTEGER NOT NULL, end INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (log, start));
    `);
  }

  /**
   * Takes a piece of log at its offset. What overlaps is trimmed; a gap is refused. Returns how many
   * bytes the log has now.
   */
  append(
    { attemptId, epoch }: { attemptId: string; epoch: number },
    offset: number,
    bytes: Uint8Array,
    keepAttempts: number,
  ): { ack: number; gap: boolean } {
    const log = this.open(attemptId, epoch, keepAttempts);
    if (offset > log.total) return { ack: log.total, gap: true };
    const fresh = bytes.subarray(log.total - offset);
    if (fresh.length === 0) return { ack: log.total, gap: false };
    const end = log.total + fresh.length;
    this.sql.exec("INSERT INTO log_chunk VALUES (?, ?, ?, ?)", log.position, log.total, end, fresh.slice().buffer);
    this.sql.exec("UPDATE log SET total = ? WHERE position = ?", end, log.position);
    // Whole pieces go, so up to one piece more than the limit stays.
    this.sql.exec("DELETE FROM log_chunk WHERE log = ? AND start >= ? AND end <= ?", log.position, HEAD, end - TAIL);
    return { ack: end, gap: false };
  }

  /**
   * Reads what stands together from `start` on, at most `limit` bytes and never over what was left out; a negative
   * `start` counts from the end. The newest epoch unless told otherwise.
   */
  read(attemptId: string, epoch: number | undefined, start: number, limit: number): LogSlice | undefined {
    const log = this.sql
      .exec<{ position: number; epoch: number; total: number }>(
        "SELECT position, epoch, total FROM log WHERE attempt_id = ? AND (? IS NULL OR epoch = ?) ORDER BY epoch DESC LIMIT 1",
        attemptId,
        epoch ?? null,
        epoch ?? null,
      )
      .toArray()[0];
    if (log === undefined) return undefined;
    const from = start < 0 ? Math.max(0, log.total + start) : start;
    const parts: Uint8Array[] = [];
    let length = 0;
    let first: number | undefined;
    let expected: number | undefined;
    const chunks = this.sql.exec<{ start: number; end: number; bytes: ArrayBuffer }>(
      "SELECT start, end, bytes FROM log_chunk WHERE log = ? AND end > ? ORDER BY start",
      log.position,
      from,
    );
    for (const chunk of chunks) {
      const bytes = new Uint8Array(chunk.bytes);
      const piece = chunk.start < from ? bytes.subarray(from - chunk.start) : bytes;
      const at = Math.max(chunk.start, from);
      if (expected !== undefined && at > expected) break;
      first ??= at;
      expected = at + piece.length;
      parts.push(piece.subarray(0, limit - length));
      length += Math.min(piece.length, limit - length);
      if (length >= limit) break;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return { epoch: log.epoch, from: first ?? from, bytes: all, total: log.total };
  }

  private open(attemptId: string, epoch: number, keepAttempts: number): LogRow {
    const find = "SELECT position, total FROM log WHERE attempt_id = ? AND epoch = ?";
    let row = this.sql.exec<LogRow>(find, attemptId, epoch).toArray()[0];
    if (row === undefined) {
      this.sql.exec("INSERT INTO log (attempt_id, epoch) VALUES (?, ?)", attemptId, epoch);
      this.sql.exec(
        `DELETE FROM log WHERE position NOT IN (
           SELECT position FROM log WHERE attempt_id IN (
             SELECT attempt_id FROM log GROUP BY attempt_id ORDER BY max(position) DESC LIMIT ?)
           ORDER BY position DESC LIMIT ?)`,
        keepAttempts,
        keepAttempts * LOGS_AN_ATTEMPT,
      );
      this.sql.exec("DELETE FROM log_chunk WHERE log NOT IN (SELECT position FROM log)");
      row = this.sql.exec<LogRow>(find, attemptId, epoch).one();
    }
    return row;
  }
}
