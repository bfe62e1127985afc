/**
 * Keeps one stack: commands one at a time, each loaded, decided and committed alone, and what
 * follows a commit. Knows the platform only through its ports, so that the simulation runs exactly
 * this code.
 *
 * @module
 */
import type { ErrorCode } from "../worker/contract/error.ts";
import type { Reason } from "../worker/contract/primitives.ts";
import type { StackConfig } from "../worker/contract/stack.ts";
import type { DispatchAnswer } from "../worker/dispatch/driver.ts";
import { SurfaceEffect } from "../worker/dispatch/hand-over.ts";
import { log } from "../worker/platform/log.ts";
import { findAnswer } from "../worker/store/answers.ts";
import { StorageFault } from "../worker/store/database.ts";
import { UnreadableDeclaration } from "../worker/store/declared-column.ts";
import { commitDecision } from "../worker/store/journal.ts";
import { nextEffectAt } from "../worker/store/outbox.ts";
import type { AttemptRow, JournalRow, OutboxRow } from "../worker/store/rows.ts";
import { loadStack, setNextAction } from "../worker/store/stacks.ts";
import { target } from "./command-context.ts";
import { isLookedAt } from "./looks.ts";
import { decide } from "./machine/decide.ts";
import { stackActionAt } from "./machine/hand-out.ts";
import { type Command, type Decision, emptyStack, type Refusal, type StackState } from "./machine/state.ts";
import { earliest, iso } from "./machine/timing.ts";
import { drainOutbox, type Recording } from "./outbox-drain.ts";
import type { Ports } from "./ports.ts";
import { SerialQueue } from "./serial-queue.ts";

/** Commands that may wait for their turn before callers are told to come back later. */
const QUEUE_LIMIT = 500;

/** Times a decision is made again after another writer was faster. */
const RACE_LIMIT = 5;

/** An alarm for what is due already rings after this, milliseconds. */
const SOONEST_MS = 10;

/** While effects are leaving, the alarm is only for the case that this instance ends before they have left. */
const WHILE_DRAINING_MS = 30_000;

export type Failure = { ok: false; code: ErrorCode; message: string };
export type Answer<T> = ({ ok: true } & T) | Failure;

/** Key and hash of a request that may be sent again; see `worker/store/answers.ts`. */
export type Once = { key: string; hash: string };

/** Makes the machine's command: it may have to read first. */
export type Prepare = (state: StackState) => Promise<Command | Failure>;

export type Executed = { ok: true; attempt: AttemptRow | null; next: StackState; repeated: boolean } | Failure;

/** Another writer was faster: load again and decide anew. */
const LOST_RACE: Failure = { ok: false, code: "conflict", message: "another writer was faster" };

/** Raised for a stack whose record is not whole: nothing may be decided about it. */
class Unfinished extends Error {
  override name = "Unfinished";

  constructor(stackId: string, since: string) {
    super(`the import of stack '${stackId}' that began at ${since} is not finished: import the same file again`);
  }
}

export class StackKeeper {
  private readonly queue = new SerialQueue(QUEUE_LIMIT);
  private readonly ports: Ports;
  private executions = 0;
  private state: StackState | undefined;
  /** `next_action_at` as D1 has it; undefined when not known. */
  private plannedAt: string | null | undefined;
  /** When the next effect may leave; undefined when not known. */
  private effectAt: string | null | undefined;
  /** Counts what changes the outbox: what was read before such a change says nothing after it. */
  private effectChanges = 0;
  private draining: Promise<void> | undefined;

  constructor(ports: Ports) {
    this.ports = ports;
  }

  /** The stack as it stands; `fresh` reads the record again, whatever is in memory. */
  look(stackId: string, how: { fresh: boolean }): Promise<Answer<{ state: StackState }>> {
    return this.turn(stackId, async () => {
      if (how.fresh) this.forget();
      const state = await this.load(stackId);
      return state === undefined ? noStack(stackId) : { ok: true, state };
    });
  }

  /**
   * Loads, decides, commits: one command, alone. `declare` makes the stack when there is none; `fresh` reads the record
   * again first, for what is answered without a write where it changes nothing: D1 may have been taken back in time.
   */
  execute(
    stackId: string,
    prepare: Prepare,
    how: { once?: Once | undefined; declare?: StackConfig; fresh?: boolean } = {},
  ): Promise<Executed> {
    return this.turn(stackId, async () => {
      if (how.fresh === true) this.forget();
      for (let race = 0; race < RACE_LIMIT; race++) {
        const known = await this.load(stackId, how.declare);
        if (known === undefined && how.declare === undefined) return noStack(stackId);
        const state = known ?? emptyStack(stackId, how.declare as StackConfig);
        const command = await prepare(state);
        if ("ok" in command) return command;
        const executed = await this.commitCommand(state, command, { insertStack: known === undefined, once: how.once });
        if (executed !== LOST_RACE) return executed;
      }
      return { ok: false, code: "storage_unavailable", message: "another writer keeps changing this stack; try again" };
    });
  }

  /** Runs `work` in its turn; a storage fault becomes a refusal, and what is in memory is forgotten. */
  async turn<T extends { ok: boolean }>(stackId: string, work: () => Promise<T | Failure>): Promise<T | Failure> {
    if (!this.queue.hasRoom)
      return { ok: false, code: "overloaded", message: `stack '${stackId}' has ${QUEUE_LIMIT} commands waiting` };
    try {
      return await this.queue.run(work);
    } catch (error) {
      this.forget();
      if (error instanceof Unfinished) return { ok: false, code: "conflict", message: error.message };
      if (error instanceof UnreadableDeclaration)
        return { ok: false, code: "unreadable_declaration", message: error.of(`stack '${stackId}'`).message };
      if (!(error instanceof StorageFault)) throw error;
      return storageFault(stackId, error.message);
    }
  }

  /** The stack as it stands, or would once it is `declared` so; only within a turn. */
  async load(stackId: string, declared?: StackConfig): Promise<StackState | undefined> {
    if (this.state !== undefined) return this.state;
    if (this.ports.local.stackId === undefined) this.ports.local.stackId = stackId;
    const loaded = await loadStack(this.ports.db, stackId, declared);
    if (loaded === undefined) return undefined;
    if (loaded.restoringSince !== undefined) throw new Unfinished(stackId, loaded.restoringSince);
    const state = { ...stackFields({ ...loaded.stack, open: [] }), open: loaded.open };
    this.plannedAt = loaded.stack.nextActionAt;
    // Until the declaration is on record, nobody else may go by it.
    if (declared === undefined) this.state = state;
    return state;
  }

  /** What was written meanwhile is not known: by somebody else, or by us without an answer. */
  private forget(): void {
    this.state = undefined;
    this.effectsChanged(undefined);
  }

  private effectsChanged(at: string | undefined): void {
    this.effectAt = at;
    this.effectChanges++;
  }

  /** Lets due effects leave, and plans the next look. */
  async drain(stackId: string): Promise<void> {
    const first = this.draining === undefined;
    const recording: Recording = {
      dead: (effect, message) => this.giveUp(stackId, effect, message),
      told: (effect, reason) => this.tell(stackId, effect, reason),
      answered: (effect, answer) => this.answeredBySurface(stackId, effect, answer),
    };
    this.draining ??= drainOutbox(this.ports, stackId, recording).finally(() => {
      this.draining = undefined;
    });
    try {
      // Who comes while effects are leaving does not wait for them: deadlines go on meanwhile.
      if (first) {
        await this.draining;
        this.effectsChanged(undefined);
      }
      await this.schedule(stackId);
    } catch (error) {
      // The cron pokes again: the effects are still pending.
      logFault(stackId)(error);
    }
  }

  private async commitCommand(
    state: StackState,
    command: Command,
    how: { insertStack: boolean; once?: Once | undefined },
  ): Promise<Executed> {
    const now = this.ports.now();
    const decision = decide(state, command, now);
    const { changes, next, refused } = decision;
    if (changes.journal.length === 0 && changes.attempts.length === 0) return this.unchanged(decision, how.once);
    const writer = `${this.ports.instance}/${++this.executions}`;
    const rows = journalRows(state, decision, command.type, writer, iso(now));
    const effects = changes.outbox.length > 0 || changes.redrivenEffectIds.length > 0;
    const plannedAt = effects ? iso(now) : earliest(next.open.map((a) => a.nextActionAt));
    const outcome = await commitDecision(this.ports.db, {
      ...changes,
      now: iso(now),
      stack: { ...stackFields(next), currentAttemptId: next.open.at(-1)?.id ?? null, nextActionAt: plannedAt },
      insertStack: how.insertStack,
      journal: rows,
      answer: how.once === undefined ? undefined : answerRow(how.once, decision, iso(now)),
    });
    switch (outcome.kind) {
      case "committed":
        this.state = next;
        this.plannedAt = plannedAt;
        if (effects) this.effectAt = iso(now);
        this.after(next, rows, effects);
        for (const row of rows) this.measure(row, changes.attempts);
        return refused === null
          ? { ok: true, attempt: decision.attempt, next, repeated: false }
          : { ok: false, ...refused };
      case "answered":
        return how.once === undefined ? LOST_RACE : this.answered(how.once, state);
      case "lost_race":
        this.forget();
        return LOST_RACE;
      case "fault":
        this.forget();
        return storageFault(state.id, outcome.message);
    }
  }

  /** Nothing to write: the answer stands on what is recorded already. */
  private unchanged(decision: Decision, once: Once | undefined): Promise<Executed> {
    if (decision.refused !== null && once !== undefined) return this.answered(once, decision.next, decision.refused);
    return Promise.resolve(
      decision.refused === null
        ? { ok: true, attempt: decision.attempt, next: decision.next, repeated: false }
        : { ok: false, ...decision.refused },
    );
  }

  /** Gives the first answer again; another request under the same key is refused. */
  private async answered(once: Once, state: StackState, otherwise?: Refusal): Promise<Executed> {
    const known = await findAnswer(this.ports.db, once.key);
    if (known === undefined) return otherwise === undefined ? LOST_RACE : { ok: false, ...otherwise };
    if (known.requestHash !== once.hash)
      return { ok: false, code: "id_reused", message: "this id was used for another request" };
    const first = known.body as { attempt: AttemptRow | null; refused: Refusal | null };
    return first.refused === null
      ? { ok: true, attempt: first.attempt, next: state, repeated: true }
      : { ok: false, ...first.refused };
  }

  /** What follows a commit: log lines, the next alarm, effects. */
  private after(state: StackState, rows: readonly JournalRow[], effects: boolean): void {
    for (const row of rows) logJournalRow(row);
    this.ports.local.forgetExcept(state.open.filter(isLookedAt).map((a) => a.id));
    if (effects) this.ports.background(this.drain(state.id));
    this.ports.background(this.schedule(state.id).catch(logFault(state.id)));
  }

  private measure({ kind, attemptId, stackId, at, ...row }: JournalRow, changed: readonly AttemptRow[]): void {
    const attempt = changed.find(({ id }) => id === attemptId);
    if (attempt === undefined || row.toStatus === null || (kind !== "created" && kind !== "transition")) return;
    this.ports.measure({
      what: "attempt",
      subject: stackId,
      outcome: row.toStatus,
      before: row.fromStatus ?? undefined,
      reason: row.reason?.code,
      operation: attempt.operation,
      seconds: (Date.parse(at) - Date.parse(attempt.createdAt)) / 1000,
      epoch: row.epoch ?? undefined,
    });
  }

  /** Sets the alarm, and tells the cron when to poke in case the alarm is lost. */
  private async schedule(stackId: string): Promise<void> {
    while (this.effectAt === undefined) {
      const changes = this.effectChanges;
      const at = await nextEffectAt(this.ports.db, stackId);
      if (changes === this.effectChanges) this.effectAt = at;
    }
    // Read after the wait: another command may have gone by.
    const state = this.state;
    if (state === undefined) return;
    const epochs = epochsOf(state);
    const actionAt = stackActionAt(state, this.ports.local.leases(epochs), this.ports.local.looks(epochs));
    const at = earliest([actionAt, this.effectAt]);
    const now = this.ports.now();
    // Effects that are leaving just now are due all the while: an alarm for them would ring again and again.
    const effectsIn = this.draining === undefined ? SOONEST_MS : WHILE_DRAINING_MS;
    const alarms = [notBefore(actionAt, now + SOONEST_MS), notBefore(this.effectAt, now + effectsIn)];
    const alarm = earliest(alarms);
    if (alarm === null) await this.ports.alarm.clear();
    else await this.ports.alarm.set(Date.parse(alarm));
    if (at === this.plannedAt) return;
    this.plannedAt = undefined;
    await setNextAction(this.ports.db, stackId, state.journalSeq, at);
    if (this.plannedAt === undefined && this.state === state) {
      this.plannedAt = at;
      return;
    }
    // A commit went by, and which of the two D1 applied last is not known: once more, alone.
    this.plannedAt = undefined;
    await this.schedule(stackId);
  }

  private async answeredBySurface(stackId: string, effect: OutboxRow, answer: DispatchAnswer): Promise<boolean> {
    const { dispatchId } = SurfaceEffect.parse(effect.payload);
    const attemptId = dispatchId.slice(0, dispatchId.lastIndexOf("."));
    const epoch = Number(dispatchId.slice(attemptId.length + 1));
    const recorded = await this.execute(stackId, async (state) => ({
      type: "surface_answer",
      ...(await target(this.ports.db, state, attemptId)),
      epoch,
      answer,
    }));
    return recorded.ok;
  }

  private async tell(stackId: string, effect: OutboxRow, reason: Reason): Promise<boolean> {
    const command: Command = { type: "effect_told", effectId: effect.id, attemptId: effect.attemptId, reason };
    return (await this.execute(stackId, () => Promise.resolve(command))).ok;
  }

  private async giveUp(stackId: string, effect: OutboxRow, message: string): Promise<boolean> {
    const { id: effectId, attemptId } = effect;
    const command: Command = { type: "effect_dead", effectId, attemptId, message };
    return (await this.execute(stackId, () => Promise.resolve(command))).ok;
  }
}

function notBefore(time: string | null, soonest: number): string | null {
  return time === null ? null : iso(Math.max(Date.parse(time), soonest));
}

/** Epoch of every open attempt. */
export function epochsOf(state: StackState): Map<string, number> {
  return new Map(state.open.map((a) => [a.id, a.epoch]));
}

export function noStack(stackId: string): Failure {
  return { ok: false, code: "not_found", message: `there is no stack '${stackId}'` };
}

function stackFields(state: StackState): Omit<StackState, "open"> {
  const { id, config, paused, deletedAt, journalSeq, attemptCount, endedCounts, highestTag, carried, channels } = state;
  return { id, config, paused, deletedAt, journalSeq, attemptCount, endedCounts, highestTag, carried, channels };
}

function journalRows(state: StackState, decision: Decision, command: string, writer: string, at: string): JournalRow[] {
  return decision.changes.journal.map((entry, i) => ({
    stackId: state.id,
    seq: state.journalSeq + i + 1,
    at,
    actor: entry.actor,
    command,
    writer,
    kind: entry.kind,
    attemptId: entry.attemptId ?? null,
    epoch: entry.epoch ?? null,
    fromStatus: entry.fromStatus ?? null,
    toStatus: entry.toStatus ?? null,
    reason: entry.reason ?? null,
    data: entry.data ?? null,
  }));
}

function answerRow(once: Once, { attempt, refused }: Decision, at: string) {
  const status = refused === null ? 200 : 409;
  return { key: once.key, requestHash: once.hash, status, body: { attempt, refused }, at };
}

function logJournalRow(row: JournalRow): void {
  if (row.kind !== "created" && row.kind !== "transition") return;
  log("info", "attempt.transition", {
    stackId: row.stackId,
    attemptId: row.attemptId,
    seq: row.seq,
    actor: row.actor,
    from: row.fromStatus,
    to: row.toStatus,
    epoch: row.epoch,
    reason: row.reason?.code,
  });
}

function storageFault(stackId: string, error: string): Failure {
  log("error", "storage.fault", { stackId, error });
  return { ok: false, code: "storage_unavailable", message: "storage does not answer; try again" };
}

function logFault(stackId: string): (error: unknown) => void {
  return (error) => log("error", "storage.fault", { stackId, error: String(error) });
}
