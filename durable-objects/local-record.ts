/**
 * What the object keeps in its own storage: it belongs to one stack, is written often, and need not
 * be asked for across stacks. Losing it costs a lease's length, never a record.
 *
 * @module
 */

export type Progress = { stage: string; done?: number; total?: number; at: string };

/** Answers that are remembered for one attempt's callbacks; a heartbeat every 30 s for 8 hours. */
const SEEN_LIMIT = 1000;

export class LocalRecord {
  private readonly sql: SqlStorage;
  private named: string | undefined;
  /** What was kept when it was last looked through. */
  private kept: string | undefined;

  constructor(sql: SqlStorage) {
    this.sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS lease (attempt_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, until TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS look (
        attempt_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, next_at TEXT NOT NULL, looks INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS progress (attempt_id TEXT PRIMARY KEY, value TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS seen (
        position INTEGER PRIMARY KEY, attempt_id TEXT NOT NULL, webhook_id TEXT NOT NULL,
        hash TEXT NOT NULL, answer TEXT NOT NULL, UNIQUE (attempt_id, webhook_id));
    `);
  }

  get stackId(): string | undefined {
    this.named ??= this.one<{ value: string }>("SELECT value FROM meta WHERE key = 'stack_id'")?.value;
    return this.named;
  }

  set stackId(id: string) {
    this.sql.exec("INSERT OR REPLACE INTO meta VALUES ('stack_id', ?)", id);
    this.named = id;
  }

  /** Leases that heartbeats have extended, by attempt id; only of the epoch the attempt is in. */
  leases(epochs: ReadonlyMap<string, number>): Record<string, string> {
    const found: Record<string, string> = {};
    type Lease = { attempt_id: string; epoch: number; until: string };
    for (const lease of this.sql.exec<Lease>("SELECT attempt_id, epoch, until FROM lease")) {
      if (epochs.get(lease.attempt_id) === lease.epoch) found[lease.attempt_id] = lease.until;
    }
    return found;
  }

  extendLease(attemptId: string, epoch: number, until: string): void {
    this.sql.exec("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", attemptId, epoch, until);
  }

  /** When surfaces are asked next, by attempt id; only of the epoch the attempt is in. */
  looks(epochs: ReadonlyMap<string, number>): Record<string, string> {
    const found: Record<string, string> = {};
    type Look = { attempt_id: string; epoch: number; next_at: string };
    for (const look of this.sql.exec<Look>("SELECT attempt_id, epoch, next_at FROM look")) {
      if (epochs.get(look.attempt_id) === look.epoch) found[look.attempt_id] = look.next_at;
    }
    return found;
  }

  /** Notes that a surface was asked. `nextAt` says from how often it was asked before when it is asked next. */
  looked(attemptId: string, epoch: number, nextAt: (looks: number) => string): void {
    const before = this.one<{ looks: number }>(
      "SELECT looks FROM look WHERE attempt_id = ? AND epoch = ?",
      attemptId,
      epoch,
    );
    const looks = (before?.looks ?? 0) + 1;
    this.sql.exec("INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?)", attemptId, epoch, nextAt(looks), looks);
  }

  progress(attemptId: string): Progress | undefined {
    const row = this.one<{ value: string }>("SELECT value FROM progress WHERE attempt_id = ?", attemptId);
    return row === undefined ? undefined : (JSON.parse(row.value) as Progress);
  }

  setProgress(attemptId: string, progress: Progress): void {
    this.sql.exec("INSERT OR REPLACE INTO progress VALUES (?, ?)", attemptId, JSON.stringify(progress));
  }

  /** The first answer to a callback, with the hash of what it answered. */
  seen(attemptId: string, webhookId: string): { hash: string; answer: unknown } | undefined {
    const row = this.one<{ hash: string; answer: string }>(
      "SELECT hash, answer FROM seen WHERE attempt_id = ? AND webhook_id = ?",
      attemptId,
      webhookId,
    );
    return row === undefined ? undefined : { hash: row.hash, answer: JSON.parse(row.answer) as unknown };
  }

  remember(attemptId: string, webhookId: string, hash: string, answer: unknown): void {
    this.sql.exec(
      "INSERT OR IGNORE INTO seen (attempt_id, webhook_id, hash, answer) VALUES (?, ?, ?, ?)",
      attemptId,
      webhookId,
      hash,
      JSON.stringify(answer),
    );
    this.sql.exec("DELETE FROM seen WHERE position <= (SELECT MAX(position) FROM seen) - ?", SEEN_LIMIT);
  }

  /** Drops what only an active attempt needs. */
  forgetExcept(attemptIds: readonly string[]): void {
    const keep = JSON.stringify(attemptIds);
    if (keep === this.kept) return;
    this.kept = keep;
    this.sql.exec("DELETE FROM lease WHERE attempt_id NOT IN (SELECT value FROM json_each(?))", keep);
    this.sql.exec("DELETE FROM look WHERE attempt_id NOT IN (SELECT value FROM json_each(?))", keep);
    this.sql.exec("DELETE FROM progress WHERE attempt_id NOT IN (SELECT value FROM json_each(?))", keep);
  }

  private one<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): T | undefined {
    return this.sql.exec<T>(query, ...bindings).toArray()[0];
  }
}
