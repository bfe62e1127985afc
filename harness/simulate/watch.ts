/**
 * Watches the record: after every write what it touched, at every acknowledgement whether it is
 * true. The first problem ends the run.
 *
 * @module
 */
import type { OperatorCommand } from "../../durable-objects/stack-desk.ts";
import type { RunnerCallback } from "../../worker/contract/runner-wire.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { EffectLedger } from "./effect-ledger.ts";
import { type Invariant, JournalModel, type Problem, type StoredJournalRow } from "./journal-model.ts";
import { LeaseLedger } from "./lease-ledger.ts";
import { RecordRows, WATCHED } from "./record-rows.ts";
import type { Sqlite } from "./sqlite.ts";
import type { Timeline } from "./timeline.ts";
import type { Trace } from "./trace.ts";

/** A full comparison comes after this many writes. */
const FULL_EVERY = 50;

/** Tables by which the cron finds what is due. */
const DUE_BY = ["stacks", "feed_sources", "poll_batches", "deliveries"];

export class Watch {
  readonly model = new JournalModel();
  readonly effects: EffectLedger;
  readonly acknowledged: Acknowledgements;
  /** The first thing that went wrong. */
  problem: (Problem & { step: number }) | undefined;
  /** True after a write to what the cron goes by, until somebody has looked. */
  dueChanged = true;
  private readonly record: Sqlite;
  private readonly timeline: Timeline;
  private readonly trace: Trace;
  private readonly leaseLedger: LeaseLedger;
  private readonly rows: RecordRows;
  private readonly waiting: (() => void)[] = [];
  private readonly waitsForChecks = new Set<string>();
  private readonly green = new Set<string>();
  private journalRead = 0;
  private writes = 0;

  constructor(record: Sqlite, timeline: Timeline, trace: Trace) {
    this.record = record;
    this.timeline = timeline;
    this.trace = trace;
    this.leaseLedger = new LeaseLedger(timeline);
    this.effects = new EffectLedger(record);
    this.acknowledged = new Acknowledgements(record, this.model);
    this.rows = new RecordRows(record, this.model, this.leaseLedger);
  }

  /** Something was written to these tables of the record. */
  written(tables: ReadonlySet<string>): void {
    if (DUE_BY.some((table) => tables.has(table))) this.dueChanged = true;
    if (tables.has("journal")) this.readJournal();
    if (WATCHED.some((table) => tables.has(table))) this.note(this.rows.touchedProblem());
    if (++this.writes % FULL_EVERY === 0) this.note(this.rows.fullProblem());
  }

  private readJournal(): void {
    const rows = this.record.all<StoredJournalRow>(
      "SELECT rowid AS n, * FROM journal WHERE rowid > ?1 ORDER BY rowid",
      this.journalRead,
    );
    const stacks = new Set<string>();
    for (const row of rows) {
      this.journalRead = row.n;
      stacks.add(row.stack_id);
      this.trace.line(() => describe(row));
      this.note(this.model.apply(row));
      this.note(this.checksProblem(row));
    }
    for (const stackId of stacks) this.note(this.rows.stackProblem(stackId));
    if (rows.some((row) => row.to_status === "dispatched")) for (const wake of this.waiting.splice(0)) wake();
  }

  /** Everything compared with everything, at the end. */
  finish(): void {
    this.note(this.rows.fullProblem());
    this.note(this.effects.unsentProblem());
  }

  /** Resolves while there is work that a runner could take. */
  work(): Promise<void> {
    const some =
      this.record.all("SELECT 1 FROM dispatches WHERE status = 'waiting' AND driver = 'pull' LIMIT 1").length > 0;
    return some ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }

  /** A runner's claim or heartbeat has arrived; call what it gives when it was answered. */
  speaks(attemptId: string, epoch: number, leaseSeconds?: number): () => void {
    return this.leaseLedger.speaks(attemptId, epoch, leaseSeconds);
  }

  /** The object wrote its own storage. */
  leases(storage: Sqlite): void {
    this.note(this.leaseLedger.storageProblem(storage));
  }

  /** The checks that this landing waits for were seen green. */
  checksGreen(landingId: string): void {
    this.green.add(landingId);
  }

  effectLeaves(id: string): void {
    this.note(this.effects.leaves(id));
  }

  effectArrived(id: string, message = ""): void {
    this.note(this.effects.arrived(id, message));
  }

  acceptAcknowledged(stackId: string, eventIds: readonly string[]): void {
    this.note(this.acknowledged.accept(stackId, eventIds));
  }

  claimAcknowledged(attempt: AttemptRow, epoch: number, nonce: string): void {
    this.note(this.acknowledged.claim(attempt, epoch, nonce));
  }

  resultAcknowledged(said: RunnerCallback, messageId: string): void {
    this.note(this.acknowledged.result(said, messageId));
  }

  operateAcknowledged(command: OperatorCommand, actor: string, key: string | undefined, attempt: AttemptRow): void {
    this.note(this.acknowledged.operate(command, actor, key, attempt));
  }

  /** Code of ours threw where only storage faults are expected, and those are answers. */
  unexpected(error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.fail("no exception but storage faults", message);
  }

  fail(invariant: Invariant, message: string): void {
    this.note({ invariant, message });
  }

  /** A landing that the policy made blocked waits for checks: only they, or a person, let it go on. */
  private checksProblem({
    kind,
    attempt_id: id,
    from_status: from,
    to_status: to,
    command,
  }: StoredJournalRow): Problem | undefined {
    if (kind === "created" && to === "blocked" && id !== null) this.waitsForChecks.add(id);
    // A person's word needs no checks, however often the surface puts the landing off after it.
    if (command === "resume" && id !== null) this.waitsForChecks.delete(id);
    if (from !== "blocked" || to !== "queued" || command !== "tick" || id === null || !this.waitsForChecks.delete(id))
      return undefined;
    if (this.green.has(id)) return undefined;
    return {
      invariant: "checks were green before it landed",
      message: `${id} goes on, and its checks never were green`,
    };
  }

  private note(problem: Problem | undefined): void {
    if (problem === undefined || this.problem !== undefined) return;
    this.problem = { ...problem, step: this.trace.step };
    this.trace.line(() => `VIOLATED ${problem.invariant}: ${problem.message}`);
  }

  get now(): number {
    return this.timeline.now;
  }
}

function describe(row: StoredJournalRow): string {
  const what =
    row.kind === "transition" ? `${row.from_status} -> ${row.to_status}` : `${row.kind} ${row.to_status ?? ""}`;
  const reason = row.reason === null ? "" : ` ${row.reason}`;
  return `journal ${row.stack_id}/${row.seq} ${row.command} by ${row.actor}: ${row.attempt_id ?? ""}@${row.epoch ?? ""} ${what}${reason}`;
}
