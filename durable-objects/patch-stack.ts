/**
 * The patch stack's object: the only writer of its attempts. One per stack, named by the stack's id.
 *
 * It serializes commands, lets the attempt machine decide, commits the decision to D1 in one batch
 * and answers only what is durable. D1 is the record, this object is the lock.
 *
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import type { ErrorCode } from "../worker/contract/error.ts";
import type { CallbackAnswer, RunnerCallback, RunnerInfo } from "../worker/contract/runner-wire.ts";
import type { StackConfig } from "../worker/contract/stack.ts";
import { log } from "../worker/platform/log.ts";
import { readSettings } from "../worker/platform/settings.ts";
import { findAnswer } from "../worker/store/answers.ts";
import { openDatabase, StorageFault } from "../worker/store/database.ts";
import { commitDecision } from "../worker/store/journal.ts";
import { nextEffectAt } from "../worker/store/outbox.ts";
import type { AttemptRow, JournalRow, OutboxRow } from "../worker/store/rows.ts";
import { loadStack, setNextAction } from "../worker/store/stacks.ts";
import { AttemptLog, type LogSlice } from "./attempt-log.ts";
import { eventAgain, incomingEvents, landing, target } from "./command-context.ts";
import { LocalRecord, type Progress } from "./local-record.ts";
import { decide } from "./machine/decide.ts";
import { admit } from "./machine/runner.ts";
import type { Command, Decision, Refusal, StackState } from "./machine/state.ts";
import { earliest, iso, LEASE_MS, nextActionAt } from "./machine/timing.ts";
import { drainOutbox } from "./outbox-drain.ts";
import { SerialQueue } from "./serial-queue.ts";

/** Commands that may wait for their turn before callers are told to come back later. */
const QUEUE_LIMIT = 500;

/** Times a decision is made again after another writer was faster. */
const RACE_LIMIT = 5;

export type Failure = { ok: false; code: ErrorCode; message: string };
export type Answer<T> = ({ ok: true } & T) | Failure;

/** What an operator may ask of a stack's attempts. */
export type OperatorCommand =
  | { type: "retry" | "replay"; eventId: string }
  | { type: "resume"; attemptId: string; note: string; resolvedRef?: string | undefined }
  | { type: "cancel" | "land" | "sync"; attemptId: string }
  | { type: "dismiss"; attemptId: string; note: string };

/** Key and hash of a request that may be sent again; see `worker/store/answers.ts`. */
export type Once = { key: string; hash: string };

/** A command as the object takes it: it may need to read before the machine can be told. */
type Prepare = (state: StackState) => Promise<Command | Failure>;

export class PatchStack extends DurableObject<Env> {
  private readonly queue = new SerialQueue(QUEUE_LIMIT);
  private readonly db = openDatabase(this.env.DB);
  private readonly local = new LocalRecord(this.ctx.storage.sql);
  private readonly log = new AttemptLog(this.ctx.storage.sql);
  private readonly instance = crypto.randomUUID();
  private executions = 0;
  private state: StackState | undefined;
  /** `next_action_at` as D1 has it. */
  private plannedAt: string | null = null;
  /** When the next effect may leave; undefined when not known. */
  private effectAt: string | null | undefined;
  private draining: Promise<void> | undefined;

  /** Takes in events that are stored already; safe to call again. */
  async accept(stackId: string, eventIds: string[]): Promise<Answer<object>> {
    return this.execute(stackId, async (state) => ({
      type: "accept",
      events: await incomingEvents(this.db, state.id, eventIds),
    }));
  }

  /** Declares or changes the stack. */
  async configure(stackId: string, config: StackConfig, actor: string): Promise<Answer<{ created: boolean }>> {
    const by = `operator:${actor}`;
    const prepare = () => Promise.resolve({ type: "configure" as const, config, actor: by });
    const answer = await this.execute(stackId, prepare, { declare: config });
    // Its first journal row is the declaration itself.
    return answer.ok ? { ok: true, created: answer.next.journalSeq === 1 } : answer;
  }

  async administer(stackId: string, type: "pause" | "unpause" | "delete", actor: string): Promise<Answer<object>> {
    return this.execute(stackId, () => Promise.resolve({ type, actor }));
  }

  async operate(
    stackId: string,
    command: OperatorCommand,
    actor: string,
    once?: Once,
  ): Promise<Answer<{ attempt: AttemptRow }>> {
    const by = `operator:${actor}`;
    const answer = await this.execute(stackId, (state) => this.prepare(state, command, by), { once });
    if (!answer.ok) return answer;
    const id = answer.attempt?.id ?? ("attemptId" in command ? command.attemptId : undefined);
    const attempt = id === undefined ? null : await this.current(stackId, id);
    if (attempt === null) return { ok: false, code: "not_found", message: "there is no such attempt in this stack" };
    return { ok: true, attempt };
  }

  /** A runner takes the work of one hand-out. */
  async claim(
    stackId: string,
    claim: { attemptId: string; epoch: number; nonce: string; runner: RunnerInfo },
  ): Promise<Answer<{ attempt: AttemptRow; config: StackConfig; carried: StackState["carried"] }>> {
    const answer = await this.execute(stackId, async (state) => ({
      type: "claim",
      ...(await target(this.db, state, claim.attemptId)),
      epoch: claim.epoch,
      nonce: claim.nonce,
      runner: claim.runner,
    }));
    if (!answer.ok) return answer;
    if (answer.attempt === null) return { ok: false, code: "internal", message: "the claim left no attempt" };
    return { ok: true, attempt: answer.attempt, config: answer.next.config, carried: answer.next.carried };
  }

  /** What a runner tells of its work; the signature has been checked. */
  async callback(
    stackId: string,
    callback: RunnerCallback,
    message: { id: string; hash: string },
  ): Promise<Answer<{ answer: CallbackAnswer }>> {
    if (callback.type === "attempt.result") return this.result(stackId, callback, message);
    return this.turn(stackId, async () => {
      const known = this.local.seen(callback.attemptId, message.id);
      if (known !== undefined) return duplicate(known, message.hash);
      const state = await this.load(stackId);
      if (state === undefined) return noStack(stackId);
      const about = await target(this.db, state, callback.attemptId);
      const attempt = state.open.find((a) => a.id === callback.attemptId) ?? about.ended;
      if (attempt === null) return { ok: false, code: "unauthorized", message: "unknown attempt" };
      const refused = admit(attempt, callback.epoch, callback.nonce);
      if (refused !== null) return { ok: false, ...refused };
      const now = Date.now();
      const answer: CallbackAnswer = {
        status: "applied",
        directive: attempt.cancelRequested ? "cancel" : "continue",
      };
      if (callback.type === "attempt.heartbeat") {
        answer.leaseUntil = iso(now + LEASE_MS);
        this.local.extendLease(attempt.id, attempt.epoch, answer.leaseUntil);
      } else {
        this.local.setProgress(attempt.id, { ...callback.data, at: iso(now) });
      }
      this.local.remember(attempt.id, message.id, message.hash, answer);
      return { ok: true, answer };
    });
  }

  /** Takes a piece of the log of a claim; the signature has been checked. */
  async appendLog(
    stackId: string,
    claim: { attemptId: string; epoch: number; nonce: string },
    offset: number,
    bytes: Uint8Array,
  ): Promise<Answer<{ ack: number; gap: boolean }>> {
    return this.turn(stackId, async () => {
      const state = await this.load(stackId);
      if (state === undefined) return noStack(stackId);
      const about = await target(this.db, state, claim.attemptId);
      const attempt = state.open.find((a) => a.id === claim.attemptId) ?? about.ended;
      if (attempt === null) return { ok: false, code: "unauthorized", message: "unknown attempt" };
      const refused = admit(attempt, claim.epoch, claim.nonce);
      if (refused !== null) return { ok: false, ...refused };
      return { ok: true, ...this.log.append(attempt.id, attempt.epoch, offset, bytes) };
    });
  }

  /** Reads the log of an attempt; undefined when there is none. */
  readLog(attemptId: string, from: number, limit: number, epoch?: number): LogSlice | undefined {
    return this.log.read(attemptId, epoch, from, limit);
  }

  readProgress(attemptId: string): Progress | undefined {
    return this.local.progress(attemptId);
  }

  /** What the alarm would do, now: the cron calls it for stacks whose time has passed. */
  async poke(stackId: string): Promise<Answer<object>> {
    const answer = await this.execute(stackId, (state) =>
      Promise.resolve({ type: "tick", leases: this.local.leases(epochsOf(state)) }),
    );
    await this.drain(stackId);
    return answer.ok ? { ok: true } : answer;
  }

  override async alarm(): Promise<void> {
    const stackId = this.local.stackId;
    if (stackId === undefined) return;
    const answer = await this.poke(stackId);
    // The platform tries an alarm again after an exception; after six times the cron still pokes.
    if (!answer.ok && answer.code === "storage_unavailable") throw new StorageFault(answer.message);
  }

  private async result(
    stackId: string,
    callback: Extract<RunnerCallback, { type: "attempt.result" }>,
    message: { id: string; hash: string },
  ): Promise<Answer<{ answer: CallbackAnswer }>> {
    const known = this.local.seen(callback.attemptId, message.id);
    if (known !== undefined) return duplicate(known, message.hash);
    const once = { key: `callback:${callback.attemptId}:${message.id}`, hash: message.hash };
    const answer = await this.execute(
      stackId,
      async (state) => ({
        type: "result",
        ...(await target(this.db, state, callback.attemptId)),
        epoch: callback.epoch,
        nonce: callback.nonce,
        result: callback.data,
      }),
      { once },
    );
    if (!answer.ok) return answer;
    const first: CallbackAnswer = {
      status: answer.repeated ? "duplicate" : "applied",
      directive: "continue",
      ...(answer.attempt === null ? {} : { attemptStatus: answer.attempt.status }),
    };
    return { ok: true, answer: first };
  }

  private async prepare(state: StackState, command: OperatorCommand, actor: string): Promise<Command | Failure> {
    switch (command.type) {
      case "retry":
      case "replay": {
        const again = await eventAgain(this.db, state, command.eventId);
        if (again === undefined)
          return { ok: false, code: "not_found", message: `stack '${state.id}' has not accepted that event` };
        return { type: command.type, ...again, actor };
      }
      case "resume":
        return { ...command, ...(await target(this.db, state, command.attemptId)), actor };
      case "dismiss":
        return { ...command, ...(await target(this.db, state, command.attemptId)), actor };
      case "cancel":
        return { type: "cancel", ...(await target(this.db, state, command.attemptId)), actor };
      case "land":
        return landing(this.db, state, command.attemptId, actor);
      case "sync":
        return { type: "tick", leases: this.local.leases(epochsOf(state)) };
    }
  }

  /** Loads, decides, commits: one command, alone. `declare` makes the stack when there is none. */
  private execute(
    stackId: string,
    prepare: Prepare,
    how: { once?: Once | undefined; declare?: StackConfig } = {},
  ): Promise<Executed> {
    return this.turn(stackId, async () => {
      for (let race = 0; race < RACE_LIMIT; race++) {
        const known = await this.load(stackId);
        if (known === undefined && how.declare === undefined) return noStack(stackId);
        const state = known ?? newStack(stackId, how.declare as StackConfig);
        const command = await prepare(state);
        if ("ok" in command) return command;
        const executed = await this.commitCommand(state, command, { insertStack: known === undefined, once: how.once });
        if (executed !== LOST_RACE) return executed;
      }
      return { ok: false, code: "storage_unavailable", message: "another writer keeps changing this stack; try again" };
    });
  }

  private async turn<T extends { ok: boolean }>(
    stackId: string,
    work: () => Promise<T | Failure>,
  ): Promise<T | Failure> {
    if (!this.queue.hasRoom)
      return { ok: false, code: "overloaded", message: `stack '${stackId}' has ${QUEUE_LIMIT} commands waiting` };
    try {
      return await this.queue.run(work);
    } catch (error) {
      this.state = undefined;
      if (!(error instanceof StorageFault)) throw error;
      log("error", "storage.fault", { stackId, error: error.message });
      return { ok: false, code: "storage_unavailable", message: "storage does not answer; try again" };
    }
  }

  private async load(stackId: string): Promise<StackState | undefined> {
    if (this.state !== undefined) return this.state;
    if (this.local.stackId === undefined) this.local.stackId = stackId;
    const loaded = await loadStack(this.db, stackId);
    if (loaded === undefined) return undefined;
    this.state = { ...stackFields({ ...loaded.stack, open: [] }), open: loaded.open };
    this.plannedAt = loaded.stack.nextActionAt;
    return this.state;
  }

  private async commitCommand(
    state: StackState,
    command: Command,
    how: { insertStack: boolean; once?: Once | undefined },
  ): Promise<Executed> {
    const now = Date.now();
    const decision = decide(state, command, now);
    const { changes, next, refused } = decision;
    if (changes.journal.length === 0 && changes.attempts.length === 0)
      return this.unchanged(decision, command, how.once);
    const writer = `${this.instance}/${++this.executions}`;
    const rows = journalRows(state, decision, command.type, writer, iso(now));
    const nextActionAt = changes.outbox.length > 0 ? iso(now) : nextOf(next);
    const outcome = await commitDecision(this.db, {
      ...changes,
      now: iso(now),
      stack: { ...stackFields(next), nextActionAt },
      insertStack: how.insertStack,
      journal: rows,
      answer: how.once === undefined ? undefined : answerRow(how.once, decision, iso(now)),
    });
    switch (outcome.kind) {
      case "committed":
        this.state = next;
        this.plannedAt = nextActionAt;
        if (changes.outbox.length > 0) this.effectAt = iso(now);
        this.after(next, rows, changes.outbox.length > 0);
        return refused === null
          ? { ok: true, attempt: decision.attempt, next, repeated: false }
          : { ok: false, ...refused };
      case "answered":
        return how.once === undefined ? LOST_RACE : this.answered(how.once, state);
      case "lost_race":
        this.state = undefined;
        return LOST_RACE;
      case "fault":
        this.state = undefined;
        log("error", "storage.fault", { stackId: state.id, error: outcome.message });
        return { ok: false, code: "storage_unavailable", message: "storage does not answer; try again" };
    }
  }

  /** Nothing to write: the answer stands on what is recorded already. */
  private unchanged(decision: Decision, command: Command, once: Once | undefined): Promise<Executed> {
    if (command.type === "tick") this.after(decision.next, [], false);
    if (decision.refused !== null && once !== undefined) return this.answered(once, decision.next, decision.refused);
    return Promise.resolve(
      decision.refused === null
        ? { ok: true, attempt: decision.attempt, next: decision.next, repeated: false }
        : { ok: false, ...decision.refused },
    );
  }

  /** Gives the first answer again; another request under the same key is refused. */
  private async answered(once: Once, state: StackState, otherwise?: Refusal): Promise<Executed> {
    const known = await findAnswer(this.db, once.key);
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
    this.local.forgetExcept(state.open.filter((a) => a.status === "running").map((a) => a.id));
    this.ctx.waitUntil(this.schedule(state.id).catch(logFault(state.id)));
    if (effects) this.ctx.waitUntil(this.drain(state.id));
  }

  /** Sets the alarm, and tells the cron when to poke in case the alarm is lost. */
  private async schedule(stackId: string): Promise<void> {
    if (this.effectAt === undefined) this.effectAt = await nextEffectAt(this.db, stackId);
    // Read after the wait: another command may have gone by.
    const state = this.state;
    if (state === undefined) return;
    const leases = this.local.leases(epochsOf(state));
    const open = state.open.map((a) => nextActionAt({ ...a, leaseUntil: leases[a.id] ?? a.leaseUntil }));
    const at = earliest([...open, this.effectAt]);
    if (at === null) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(Date.parse(at), Date.now() + 10));
    if (at === this.plannedAt) return;
    await setNextAction(this.db, stackId, at);
    this.plannedAt = at;
  }

  private async drain(stackId: string): Promise<void> {
    this.draining ??= drainOutbox(this.db, readSettings(this.env), stackId, (effect, message) =>
      this.giveUp(stackId, effect, message),
    ).finally(() => {
      this.draining = undefined;
    });
    try {
      await this.draining;
      this.effectAt = undefined;
      await this.schedule(stackId);
    } catch (error) {
      // The cron pokes again: the effects are still pending.
      logFault(stackId)(error);
    }
  }

  private async giveUp(stackId: string, effect: OutboxRow, message: string): Promise<boolean> {
    const { id: effectId, attemptId } = effect;
    const answer = await this.execute(stackId, () =>
      Promise.resolve({ type: "effect_dead", effectId, attemptId, message }),
    );
    return answer.ok;
  }

  private async current(stackId: string, attemptId: string): Promise<AttemptRow | null> {
    const state = await this.load(stackId);
    if (state === undefined) return null;
    const about = await target(this.db, state, attemptId);
    return state.open.find((a) => a.id === attemptId) ?? about.ended;
  }
}

/** Another writer was faster: load again and decide anew. */
const LOST_RACE: Failure = { ok: false, code: "conflict", message: "another writer was faster" };

type Executed = { ok: true; attempt: AttemptRow | null; next: StackState; repeated: boolean } | Failure;

function newStack(id: string, config: StackConfig): StackState {
  return {
    id,
    config,
    paused: false,
    deletedAt: null,
    journalSeq: 0,
    attemptCount: 0,
    highestTag: null,
    carried: null,
    open: [],
  };
}

function stackFields(state: StackState): Omit<StackState, "open"> {
  const { id, config, paused, deletedAt, journalSeq, attemptCount, highestTag, carried } = state;
  return { id, config, paused, deletedAt, journalSeq, attemptCount, highestTag, carried };
}

function nextOf(state: StackState): string | null {
  return earliest(state.open.map((a) => a.nextActionAt));
}

function epochsOf(state: StackState): Map<string, number> {
  return new Map(state.open.map((a) => [a.id, a.epoch]));
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
  return {
    key: once.key,
    requestHash: once.hash,
    status: refused === null ? 200 : 409,
    body: { attempt, refused },
    at,
  };
}

function logJournalRow(row: JournalRow): void {
  if (row.kind === "created" || row.kind === "transition")
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

function duplicate(known: { hash: string; answer: unknown }, hash: string): Answer<{ answer: CallbackAnswer }> {
  if (known.hash !== hash)
    return { ok: false, code: "id_reused", message: "this webhook-id was used for another message" };
  return { ok: true, answer: { ...(known.answer as CallbackAnswer), status: "duplicate" } };
}

function logFault(stackId: string): (error: unknown) => void {
  return (error) => log("error", "storage.fault", { stackId, error: String(error) });
}

function noStack(stackId: string): Failure {
  return { ok: false, code: "not_found", message: `there is no stack '${stackId}'` };
}
