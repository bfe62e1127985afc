/**
 * A runner: pulls work, keeps it alive with heartbeats, and tells the end until it is heard. It may
 * be killed, frozen for half an hour, or run the same job twice; unsent results survive on its disk.
 *
 * @module
 */
import { type AttemptResult, MAX_LEASE_SECONDS, type RunnerCallback } from "../../worker/contract/runner-wire.ts";
import type { Edge } from "./edge.ts";
import type { Forge } from "./forge.ts";
import { again, request } from "./network.ts";
import { callback, claimNamed, type HandOut, type Job, pull } from "./runner-desk.ts";
import { finish, stopped } from "./runner-work.ts";

const MINUTE = 60_000;
const HEARTBEAT_MS = 30_000;

/** Waits before a result is sent again. */
const RESEND = [5_000, 15_000, 60_000, 300_000];

/** Tries before a runner leaves a result on its disk for good. */
const RESEND_LIMIT = 40;

type Spooled = { said: RunnerCallback; message: { id: string; hash: string } };

/** One life of the runner's program. */
type Process = { alive: boolean; frozenUntil: number };

export class Runner {
  private readonly edge: Edge;
  private readonly forges: ReadonlyMap<string, Forge>;
  private readonly name: string;
  /** Results that nobody has confirmed. */
  private readonly spool = new Map<string, Spooled>();
  private nonces = 0;
  private messages = 0;

  constructor(edge: Edge, forges: ReadonlyMap<string, Forge>, name: string) {
    this.edge = edge;
    this.forges = forges;
    this.name = name;
  }

  /** Starts the program: what is left on disk goes first. */
  start(): void {
    const process: Process = { alive: true, frozenUntil: 0 };
    for (const spooled of this.spool.values()) void this.deliver(process, spooled);
    void this.run(process);
  }

  /**
   * One job of a forge: claims what it was told of, works, and is gone. Or it takes a lease for the next job to
   * work under, which then never comes.
   */
  async job(told: HandOut, handsOver: boolean): Promise<void> {
    const process: Process = { alive: true, frozenUntil: 0 };
    const job = await this.claim(process, told);
    if (job === undefined) return;
    if (!handsOver) return this.work(process, job);
    const data = { leaseSeconds: MAX_LEASE_SECONDS };
    await this.ask(process, () => this.tell({ type: "attempt.heartbeat", ...this.claimOf(job), data }));
  }

  private async run(process: Process): Promise<void> {
    for (;;) {
      await this.edge.stage.watch.work();
      await this.wait(process, this.edge.stage.dice.between(100, 4000));
      const { dice, watch } = this.edge.stage;
      const told = dice.chance(0.2) ? dice.pick(watch.model.handOuts()) : undefined;
      const job = await this.claim(process, told);
      if (job !== undefined) await this.take(process, job);
      else await this.wait(process, 20_000);
    }
  }

  /** Asks with one nonce until there is an answer, or gives the nonce up. */
  private async claim(process: Process, told?: HandOut): Promise<Job | undefined> {
    const nonce = `${this.name}-nonce-${String(++this.nonces).padStart(6, "0")}`;
    for (let tries = 0; tries < 4; tries++) {
      const pulled = await this.ask(process, () =>
        told === undefined ? pull(this.edge, this.name, nonce) : claimNamed(this.edge, this.name, nonce, told),
      );
      if (pulled.ok) return pulled.job;
      if (!again(pulled)) return undefined;
      await this.wait(process, 5000 * 3 ** tries);
    }
    return undefined;
  }

  private async take(process: Process, job: Job): Promise<void> {
    const { timeline, dice, faults, trace } = this.edge.stage;
    if (faults.strikes("runnerTwice")) {
      trace.line(() => `${this.name} runs ${job.attempt.id} twice`);
      void this.work(process, job);
    }
    if (faults.strikes("runnerKilled"))
      timeline.after(dice.between(0, 10 * MINUTE), () => {
        if (!process.alive) return;
        trace.line(() => `${this.name} is killed`);
        process.alive = false;
        timeline.after(dice.between(1000, 60 * MINUTE), () => this.start());
      });
    if (faults.strikes("runnerPaused"))
      timeline.after(dice.between(0, 5 * MINUTE), () => {
        trace.line(() => `${this.name} is frozen`);
        process.frozenUntil = timeline.now + 30 * MINUTE;
      });
    await this.work(process, job);
  }

  private async work(process: Process, job: Job): Promise<void> {
    const { timeline, dice, faults } = this.edge.stage;
    const forge = this.forges.get(job.attempt.stackId);
    if (forge === undefined) return;
    const head = forge.head;
    const seconds = faults.over || dice.chance(0.7) ? dice.between(5, 60) : dice.between(60, 900);
    const until = timeline.now + seconds * 1000;
    for (;;) {
      const left = until - timeline.now;
      await this.wait(process, Math.max(0, Math.min(left, HEARTBEAT_MS)));
      if (timeline.now >= until) break;
      const heard = await this.ask(process, () =>
        this.tell({ type: "attempt.heartbeat", ...this.claimOf(job), data: {} }),
      );
      if (!heard.ok && !again(heard)) return;
      if (heard.ok && heard.directive === "cancel") {
        await this.report(process, job, stopped());
        return;
      }
      if (dice.chance(0.1)) {
        const data = { stage: "replay" };
        await this.ask(process, () => this.tell({ type: "attempt.progress", ...this.claimOf(job), data }));
      }
    }
    await this.report(process, job, finish(job, forge, head, dice, faults.over));
  }

  private async report(process: Process, job: Job, data: AttemptResult): Promise<void> {
    const id = `${this.name}-message-${++this.messages}`;
    const said: RunnerCallback = { type: "attempt.result", ...this.claimOf(job), data };
    const spooled = { said, message: { id, hash: id } };
    this.spool.set(id, spooled);
    await this.deliver(process, spooled);
  }

  private async deliver(process: Process, { said, message }: Spooled): Promise<void> {
    for (let tries = 0; tries < RESEND_LIMIT; tries++) {
      const told = await this.ask(process, () => callback(this.edge, said, message));
      if (told.ok || !again(told)) break;
      await this.wait(process, RESEND[tries] ?? 5 * MINUTE);
    }
    this.spool.delete(message.id);
  }

  private tell(said: RunnerCallback) {
    const id = `${this.name}-message-${++this.messages}`;
    return callback(this.edge, said, { id, hash: id });
  }

  private claimOf({ attempt: { id, epoch }, nonce }: Job) {
    return { attemptId: id, epoch, nonce, seq: ++this.messages };
  }

  /** An answer reaches only a program that still runs, and a frozen one only when it wakes. */
  private async ask<T extends { ok: boolean }>(process: Process, handler: () => Promise<T>) {
    const answer = await request(this.edge.stage, handler);
    await this.wait(process, 0);
    return answer;
  }

  private async wait(process: Process, ms: number): Promise<void> {
    const { timeline } = this.edge.stage;
    if (ms > 0) await timeline.sleep(ms);
    while (process.frozenUntil > timeline.now) await timeline.sleep(process.frozenUntil - timeline.now);
    if (!process.alive) await new Promise(() => {});
  }
}
