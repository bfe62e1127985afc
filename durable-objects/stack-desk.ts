/**
 * What can be asked of a stack: by intake, operators, runners and the clock. Everything that
 * changes the record becomes a command to the keeper.
 *
 * @module
 */
import type { StackHistoryInput } from "../worker/contract/history.ts";
import type { CallbackAnswer, RunnerCallback, RunnerInfo } from "../worker/contract/runner-wire.ts";
import type { StackConfig, StackPolicy } from "../worker/contract/stack.ts";
import type { CommentPlace } from "../worker/forges/forge.ts";
import { type CommentCommand, CommentWord } from "../worker/review/comment-command.ts";
import { StorageFault } from "../worker/store/database.ts";
import type { AttemptRow } from "../worker/store/rows.ts";
import { eventAgain, incomingEvents, landing, promotion, recalled, resultOf, target } from "./command-context.ts";
import { dueLooks, type Looked, lookOutside, NOTHING_SEEN } from "./looks.ts";
import { admit } from "./machine/runner.ts";
import type { Command, Refusal, StackState } from "./machine/state.ts";
import { iso, LEASE_MS } from "./machine/timing.ts";
import type { Ports } from "./ports.ts";
import { type Promotions, type Prospects, prospects } from "./prospects.ts";
import { type Answer, epochsOf, type Failure, noStack, type Once, StackKeeper } from "./stack-keeper.ts";

/** What an operator may ask of a stack's attempts. */
export type OperatorCommand =
  | { type: "retry" | "replay"; eventId: string }
  | { type: "resume"; attemptId: string; note: string; resolvedRef?: string | undefined }
  | { type: "cancel" | "land" | "sync"; attemptId: string }
  /** `attemptId` is the one that made the candidate. */
  | { type: "promote"; attemptId: string; candidateId: string; channel: string }
  | { type: "dismiss"; attemptId: string; note: string };

/** What a comment on the forge asks for; the forge has confirmed who wrote it and that they may. */
export type CommentAsked = {
  /** The attempt that the proposal or issue is about. */
  attemptId: string;
  command: CommentCommand;
  /** `<login>@<host>` */
  actor: string;
  place: CommentPlace;
  /** Address of the repository. */
  forge: string;
};

/** A claim as a runner names it. */
export type ClaimName = { attemptId: string; epoch: number; nonce: string };

export type Claimed = {
  attempt: AttemptRow;
  config: StackConfig;
  carried: StackState["carried"];
  channels: StackState["channels"];
};

export class StackDesk {
  private readonly ports: Ports;
  private readonly keeper: StackKeeper;

  constructor(ports: Ports) {
    this.ports = ports;
    this.keeper = new StackKeeper(ports);
  }

  /** Takes in events that are stored already; safe to call again. */
  async accept(stackId: string, eventIds: readonly string[]): Promise<Answer<object>> {
    const answer = await this.keeper.execute(stackId, async (state) => ({
      type: "accept",
      events: await incomingEvents(this.ports.db, state, eventIds),
    }));
    return answer.ok ? { ok: true } : answer;
  }

  /** Declares or changes the stack. */
  async configure(stackId: string, config: StackConfig, actor: string): Promise<Answer<{ created: boolean }>> {
    const command: Command = { type: "configure", config, actor: `operator:${actor}` };
    const answer = await this.keeper.execute(stackId, () => Promise.resolve(command), {
      declare: config,
      fresh: true,
    });
    // Its first journal row is the declaration itself.
    return answer.ok ? { ok: true, created: answer.next.journalSeq === 1 } : answer;
  }

  async administer(stackId: string, type: "pause" | "unpause" | "delete", actor: string): Promise<Answer<object>> {
    const command: Command = { type, actor: `operator:${actor}` };
    const answer = await this.keeper.execute(stackId, () => Promise.resolve(command), { fresh: true });
    return answer.ok ? { ok: true } : answer;
  }

  /** Reads the stack from the record again. */
  async reload(stackId: string): Promise<Answer<object>> {
    const answer = await this.keeper.look(stackId, { fresh: true });
    return answer.ok ? { ok: true } : answer;
  }

  /** Writes down what happened before the record began. The events are stored already. */
  async recall(stackId: string, history: StackHistoryInput, actor: string): Promise<Answer<{ attempts: string[] }>> {
    let before = 0;
    const answer = await this.keeper.execute(stackId, (state) => {
      before = state.attemptCount;
      return recalled(this.ports.db, state, history, `operator:${actor}`);
    });
    if (!answer.ok) return answer;
    const made = answer.next.attemptCount - before;
    return { ok: true, attempts: Array.from({ length: made }, (_, i) => `${stackId}.${before + i + 1}`) };
  }

  async operate(
    stackId: string,
    command: OperatorCommand,
    actor: string,
    once?: Once,
  ): Promise<Answer<{ attempt: AttemptRow }>> {
    const by = `operator:${actor}`;
    const looked = command.type === "sync" ? await this.lookAt(stackId, { wanted: command }) : NOTHING_SEEN;
    const answer = await this.keeper.execute(stackId, (state) => this.prepare(state, command, by, looked), { once });
    if (!answer.ok) return answer;
    if (answer.attempt !== null && !answer.repeated) return { ok: true, attempt: answer.attempt };
    const id = answer.attempt?.id ?? ("attemptId" in command ? command.attemptId : undefined);
    return this.keeper.turn(stackId, async () => {
      const attempt = id === undefined ? null : await this.find(stackId, id);
      if (attempt === null) return { ok: false, code: "not_found", message: "there is no such attempt in this stack" };
      return { ok: true, attempt };
    });
  }

  /** A person asks for something in a comment on the forge; the same comment counts once. */
  async comment(stackId: string, asked: CommentAsked): Promise<Answer<object>> {
    const { attemptId, command, place, actor, forge } = asked;
    const by = `operator:${actor}`;
    const prepare = async (state: StackState): Promise<Command> => {
      const ask = await this.prepareComment(state, asked, by);
      const word = command.word ?? (command.said === "" ? "/patch.moi" : command.said);
      return { type: "comment", attemptId, word, place, actor: by, ask };
    };
    const key = `comment:${forge}:${place.on}:${place.id}`;
    const answer = await this.keeper.execute(stackId, prepare, { once: { key, hash: JSON.stringify(command) } });
    return answer.ok ? { ok: true } : answer;
  }

  private async prepareComment(
    state: StackState,
    { attemptId, command }: CommentAsked,
    actor: string,
  ): Promise<Command | Refusal> {
    const { word } = command;
    if (word === undefined)
      return { code: "invalid_request", message: `these are understood: ${CommentWord.options.join(", ")}` };
    if (word === "pause" || word === "unpause") return { type: word, actor };
    const { db } = this.ports;
    const about = await target(db, state, attemptId);
    const attempt = about.ended ?? state.open.find(({ id }) => id === attemptId);
    if (attempt === undefined) return { code: "not_found", message: `there is no attempt '${attemptId}'` };
    if (word === "resume" && attempt.status !== "needs_intervention" && state.paused) return { type: "unpause", actor };
    const asked: OperatorCommand =
      word === "resume"
        ? { type: word, attemptId, note: `asked for by ${actor} in a comment` }
        : word === "land"
          ? { type: word, attemptId }
          : { type: word, eventId: attempt.eventId };
    return this.prepare(state, asked, actor, NOTHING_SEEN);
  }

  /** What an operator may do about an attempt now, and why not the rest. */
  prospects(
    stackId: string,
    attemptId: string,
    eventId: string,
  ): Promise<Answer<{ may: Prospects; promote: Promotions }>> {
    return this.keeper.turn(stackId, async () => {
      const state = await this.keeper.load(stackId);
      if (state === undefined) return noStack(stackId);
      const found = await prospects(this.ports.db, state, { attemptId, eventId, now: this.ports.now() });
      return { ok: true as const, ...found };
    });
  }

  /** An operator has a dead letter sent again. */
  async redrive(stackId: string, effectId: string, attemptId: string | null, actor: string): Promise<Answer<object>> {
    const command: Command = { type: "effect_redriven", effectId, attemptId, actor: `operator:${actor}` };
    const answer = await this.keeper.execute(stackId, () => Promise.resolve(command));
    return answer.ok ? { ok: true } : answer;
  }

  /** A runner takes the work of one hand-out. */
  async claim(stackId: string, claim: ClaimName & { runner: RunnerInfo }): Promise<Answer<Claimed>> {
    const { attemptId, epoch, nonce, runner } = claim;
    const answer = await this.keeper.execute(stackId, async (state) => ({
      type: "claim",
      ...(await target(this.ports.db, state, attemptId)),
      epoch,
      nonce,
      runner,
    }));
    if (!answer.ok) return answer;
    if (answer.attempt === null) return { ok: false, code: "internal", message: "the claim left no attempt" };
    const { config, carried, channels } = answer.next;
    return { ok: true, attempt: answer.attempt, config, carried, channels };
  }

  /** What a runner tells of its work; the signature has been checked. */
  async callback(
    stackId: string,
    callback: RunnerCallback,
    message: { id: string; hash: string },
  ): Promise<Answer<{ answer: CallbackAnswer }>> {
    const { local } = this.ports;
    const known = local.seen(callback.attemptId, message.id);
    if (known !== undefined) return duplicate(known, message.hash);
    if (callback.type === "attempt.result") return this.result(stackId, callback, message);
    return this.keeper.turn(stackId, async () => {
      const held = await this.held(stackId, callback);
      if (!held.ok) return held;
      const { attempt } = held;
      const now = this.ports.now();
      const directive = attempt.cancelRequested ? "cancel" : "continue";
      const answer: CallbackAnswer = { status: "applied", directive };
      if (callback.type === "attempt.heartbeat") {
        const { leaseSeconds } = callback.data;
        answer.leaseUntil = iso(now + (leaseSeconds === undefined ? LEASE_MS : leaseSeconds * 1000));
        local.extendLease(attempt.id, attempt.epoch, answer.leaseUntil);
      } else {
        local.setProgress(attempt.id, { ...callback.data, at: iso(now) });
      }
      local.remember(attempt.id, message.id, message.hash, answer);
      return { ok: true, answer };
    });
  }

  /** The attempt that a claim holds; the refusal when it holds it no more. */
  async held(stackId: string, claim: ClaimName): Promise<Answer<{ attempt: AttemptRow }>> {
    const attempt = await this.find(stackId, claim.attemptId);
    if (attempt === null) return { ok: false, code: "unauthorized", message: "unknown attempt" };
    const refused = admit(attempt, claim.epoch, claim.nonce);
    return refused === null ? { ok: true, attempt } : { ok: false, ...refused };
  }

  /** Runs something that belongs to a claim in its turn. */
  whileHeld<T extends { ok: true }>(
    stackId: string,
    claim: ClaimName,
    work: (attempt: AttemptRow, policy: StackPolicy) => T,
  ): Promise<T | Failure> {
    return this.keeper.turn(stackId, async () => {
      const held = await this.held(stackId, claim);
      if (!held.ok) return held;
      const state = await this.keeper.load(stackId);
      return state === undefined ? noStack(stackId) : work(held.attempt, state.config.policy);
    });
  }

  /**
   * What the alarm does, and the cron for stacks whose time has passed. `wanted` "all" looks outside for every
   * attempt that has something there: a forge said that something happened.
   */
  async poke(stackId: string, wanted?: "all"): Promise<Answer<object>> {
    // What is due is due by the record. By its own memory an object that another instance has overtaken
    // would wait for deadlines that are no more.
    const looked = await this.lookAt(stackId, { fresh: true, wanted });
    const prepare = (state: StackState) => Promise.resolve(this.tick(state, looked));
    const answer = await this.keeper.execute(stackId, prepare);
    await this.keeper.drain(stackId);
    return answer.ok ? { ok: true } : answer;
  }

  private async result(
    stackId: string,
    callback: Extract<RunnerCallback, { type: "attempt.result" }>,
    message: { id: string; hash: string },
  ): Promise<Answer<{ answer: CallbackAnswer }>> {
    const answer = await this.keeper.execute(stackId, (state) => resultOf(this.ports.db, state, callback), {
      once: { key: `callback:${callback.attemptId}:${message.id}`, hash: message.hash },
    });
    if (!answer.ok) return answer;
    const told: CallbackAnswer = {
      status: answer.repeated ? "duplicate" : "applied",
      directive: "continue",
      ...(answer.attempt === null ? {} : { attemptStatus: answer.attempt.status }),
    };
    return { ok: true, answer: told };
  }

  /** What is seen outside now; `wanted` is what somebody wants to know about. */
  private async lookAt(
    stackId: string,
    how: { fresh?: true; wanted?: { attemptId: string } | "all" | undefined },
  ): Promise<Looked> {
    const { local, now } = this.ports;
    const stack = await this.keeper.look(stackId, { fresh: how.fresh === true });
    if (!stack.ok) return NOTHING_SEEN;
    const { state } = stack;
    const due = dueLooks(state, iso(now()), local.looks(epochsOf(state)), how.wanted);
    try {
      return due.length === 0 ? NOTHING_SEEN : await lookOutside(this.ports, due);
    } catch (error) {
      // Without the record there is nothing to ask about; the clock goes on with the rest.
      if (!(error instanceof StorageFault)) throw error;
      return NOTHING_SEEN;
    }
  }

  private async prepare(
    state: StackState,
    command: OperatorCommand,
    actor: string,
    looked: Looked,
  ): Promise<Command | Failure> {
    const { db } = this.ports;
    switch (command.type) {
      case "retry":
      case "replay": {
        const again = await eventAgain(db, state, command.eventId);
        if (again === undefined)
          return { ok: false, code: "not_found", message: `stack '${state.id}' has not accepted that event` };
        return { type: command.type, ...again, actor };
      }
      case "resume":
        return { ...command, ...(await target(db, state, command.attemptId)), actor };
      case "dismiss":
        return { ...command, ...(await target(db, state, command.attemptId)), actor };
      case "cancel":
        return { type: "cancel", ...(await target(db, state, command.attemptId)), actor };
      case "land":
        return landing(db, state, command.attemptId, actor);
      case "promote":
        return promotion(db, state, command, actor);
      case "sync":
        return this.tick(state, looked);
    }
  }

  private tick(state: StackState, looked: Looked): Command {
    return { type: "tick", leases: this.ports.local.leases(epochsOf(state)), ...looked };
  }

  private async find(stackId: string, attemptId: string): Promise<AttemptRow | null> {
    const state = await this.keeper.load(stackId);
    if (state === undefined) return null;
    const about = await target(this.ports.db, state, attemptId);
    return state.open.find((a) => a.id === attemptId) ?? about.ended;
  }
}

function duplicate(known: { hash: string; answer: unknown }, hash: string): Answer<{ answer: CallbackAnswer }> {
  if (known.hash !== hash)
    return { ok: false, code: "id_reused", message: "this webhook-id was used for another message" };
  return { ok: true, answer: { ...(known.answer as CallbackAnswer), status: "duplicate" } };
}
