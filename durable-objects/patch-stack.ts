/**
 * The patch stack's object: the only writer of its attempts. One per stack, named by the stack's id.
 *
 * D1 is the record, this object is the lock. What it does is in `stack-desk.ts`; here is only what
 * the platform gives it: storage, alarms, time, and calls from outside.
 *
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import type { StackHistoryInput } from "../worker/contract/history.ts";
import type { RunnerCallback, RunnerInfo } from "../worker/contract/runner-wire.ts";
import type { StackConfig } from "../worker/contract/stack.ts";
import { openDispatching } from "../worker/dispatch/dispatching.ts";
import { performEffect } from "../worker/effects/perform.ts";
import { measure } from "../worker/platform/measurement.ts";
import { readSettings } from "../worker/platform/settings.ts";
import { readChecks } from "../worker/review/read-checks.ts";
import { openDatabase, StorageFault } from "../worker/store/database.ts";
import { AttemptLog, type LogSlice } from "./attempt-log.ts";
import { Bell } from "./bell.ts";
import { LocalRecord, type Progress } from "./local-record.ts";
import { type ClaimName, type CommentAsked, type OperatorCommand, StackDesk } from "./stack-desk.ts";
import type { Answer, Once } from "./stack-keeper.ts";

/** How long a watcher is kept waiting, milliseconds: shorter than what any proxy calls idle. */
const WATCH_MS = 20_000;

export class PatchStack extends DurableObject<Env> {
  private readonly db = openDatabase(this.env.DB);
  private readonly local = new LocalRecord(this.ctx.storage.sql);
  private readonly log = new AttemptLog(this.ctx.storage.sql);
  private readonly instance = crypto.randomUUID();
  private readonly bell = new Bell(this.instance);
  private readonly dispatching = openDispatching(this.db, this.env);
  private readonly desk = new StackDesk({
    db: this.db,
    local: this.local,
    now: () => Date.now(),
    random: () => Math.random(),
    alarm: { set: (at) => this.ctx.storage.setAlarm(at), clear: () => this.ctx.storage.deleteAlarm() },
    background: (work) => this.ctx.waitUntil(work),
    dispatching: this.dispatching,
    checks: (landing) => readChecks(this.db, landing, this.dispatching.context, Date.now()),
    perform: (effect) => performEffect(effect, readSettings(this.env), this.dispatching),
    measure: (fact) => measure(this.env, fact),
    instance: this.instance,
  });

  /** Takes in events that are stored already; safe to call again. */
  accept(stackId: string, eventIds: string[]): Promise<Answer<object>> {
    return this.heard(this.desk.accept(stackId, eventIds));
  }

  /** Declares or changes the stack. */
  configure(stackId: string, config: StackConfig, actor: string) {
    return this.heard(this.desk.configure(stackId, config, actor));
  }

  administer(stackId: string, type: "pause" | "unpause" | "delete", actor: string) {
    return this.heard(this.desk.administer(stackId, type, actor));
  }

  /** Forgets what it remembers: the record was written by an import. */
  reload(stackId: string): Promise<Answer<object>> {
    return this.heard(this.desk.reload(stackId));
  }

  /** Writes down what happened before the record began. */
  recall(stackId: string, history: StackHistoryInput, actor: string): Promise<Answer<{ attempts: string[] }>> {
    return this.heard(this.desk.recall(stackId, history, actor));
  }

  operate(stackId: string, command: OperatorCommand, actor: string, once?: Once) {
    return this.heard(this.desk.operate(stackId, command, actor, once));
  }

  /** A person asks for something in a comment on the forge. */
  comment(stackId: string, asked: CommentAsked): Promise<Answer<object>> {
    return this.heard(this.desk.comment(stackId, asked));
  }

  /** An operator has a dead letter sent again. */
  redrive(stackId: string, effectId: string, attemptId: string | null, actor: string) {
    return this.heard(this.desk.redrive(stackId, effectId, attemptId, actor));
  }

  /** A runner takes the work of one hand-out. */
  claim(stackId: string, claim: ClaimName & { runner: RunnerInfo }) {
    return this.heard(this.desk.claim(stackId, claim));
  }

  /** What a runner tells of its work; the signature has been checked. */
  callback(stackId: string, callback: RunnerCallback, message: { id: string; hash: string }) {
    return this.heard(this.desk.callback(stackId, callback, message));
  }

  /** Takes a piece of the log of a claim; the signature has been checked. */
  appendLog(
    stackId: string,
    claim: ClaimName,
    offset: number,
    bytes: Uint8Array,
  ): Promise<Answer<{ ack: number; gap: boolean }>> {
    return this.desk.whileHeld(stackId, claim, ({ id: attemptId, epoch }, policy) => ({
      ok: true as const,
      ...this.log.append({ attemptId, epoch }, offset, bytes, policy.keepLogs),
    }));
  }

  /** Reads the log of an attempt; undefined when there is none. */
  readLog(attemptId: string, from: number, limit: number, epoch?: number): LogSlice | undefined {
    return this.log.read(attemptId, epoch, from, limit);
  }

  readProgress(attemptId: string): Progress | undefined {
    return this.local.progress(attemptId);
  }

  /** What an operator may do about an attempt now, and why not the rest. */
  prospects(stackId: string, attemptId: string, eventId: string) {
    return this.desk.prospects(stackId, attemptId, eventId);
  }

  /** Comes when something may have changed since the mark `seen`, or after a while; with the mark to ask with next. */
  watch(seen: string): Promise<string> {
    return this.bell.next(seen, WATCH_MS);
  }

  /** What the alarm would do, now: the cron calls it for stacks whose time has passed. */
  poke(stackId: string, wanted?: "all"): Promise<Answer<object>> {
    return this.heard(this.desk.poke(stackId, wanted));
  }

  override async alarm(): Promise<void> {
    const { stackId } = this.local;
    if (stackId === undefined) return;
    const answer = await this.heard(this.desk.poke(stackId));
    // The platform tries an alarm again after an exception; after six times the cron still pokes.
    if (!answer.ok && answer.code === "storage_unavailable") throw new StorageFault(answer.message);
  }

  /** Lets those who watch know once it is done, whatever came of it. */
  private heard<T>(work: Promise<T>): Promise<T> {
    return work.finally(() => this.bell.ring());
  }
}
