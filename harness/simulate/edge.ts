/**
 * The Worker around the objects: cron, queue, and what its routes do for runners and operators,
 * without HTTP and signatures. Each invocation may end at any wait.
 *
 * @module
 */
import type { ClaimName, OperatorCommand, StackDesk } from "../../durable-objects/stack-desk.ts";
import { everyMinute } from "../../worker/cron.ts";
import type { PollMessage } from "../../worker/intake/consume.ts";
import { type Database, openDatabase } from "../../worker/store/database.ts";
import type { Caller } from "./d1.ts";
import type { ObjectHost } from "./object-host.ts";
import type { Stage } from "./stage.ts";

/** What an invocation of the Worker holds. */
export type Invocation = {
  env: Env;
  db: Database;
  /** False once the platform has ended it: nothing of it happens any more. */
  isAlive: () => boolean;
};

export class Edge {
  readonly stage: Stage;
  private readonly hosts: ReadonlyMap<string, ObjectHost>;
  private readonly poll: (batch: { batchId: number }) => void;
  private invocations = 0;

  constructor(stage: Stage, hosts: ReadonlyMap<string, ObjectHost>, poll: (batch: { batchId: number }) => void) {
    this.stage = stage;
    this.hosts = hosts;
    this.poll = poll;
  }

  /** A fresh invocation with its own bindings. */
  invoke(what: string): Invocation {
    const { timeline, dice, faults, trace } = this.stage;
    const caller: Caller = {
      name: `${what}#${++this.invocations}`,
      alive: true,
      maybeEnd: () => {
        if (!faults.strikes("invocationEnded")) return;
        timeline.after(dice.between(0, 60), () => {
          trace.line(() => `invocation ${caller.name} ends before its work`);
          caller.alive = false;
        });
      },
    };
    const DB = this.stage.d1.binding(caller);
    const PATCH_STACK = { getByName: (id: string) => this.object(id) };
    const POLL_QUEUE = {
      sendBatch: (messages: Iterable<{ body: PollMessage }>) => {
        for (const { body } of messages) this.queue(body.batchId);
        return Promise.resolve();
      },
    };
    return {
      env: { DB, PATCH_STACK, POLL_QUEUE } as unknown as Env,
      db: openDatabase(DB),
      isAlive: () => caller.alive,
    };
  }

  /** The object as the Worker's code calls it. */
  object(id: string) {
    const call = <T>(work: (desk: StackDesk) => Promise<T>): Promise<T> => {
      const host = this.hosts.get(id);
      if (host === undefined) throw new Error(`no object is called '${id}'`);
      return host.call(work);
    };
    return {
      accept: async (stackId: string, eventIds: string[]) => {
        const answer = await call((desk) => desk.accept(stackId, eventIds));
        if (answer.ok) this.stage.watch.acceptAcknowledged(stackId, eventIds);
        return answer;
      },
      poke: (stackId: string) => call((desk) => desk.poke(stackId)),
      claim: (stackId: string, claim: ClaimName & { runner: { name: string; version: string; labels: string[] } }) => {
        const heard = this.stage.watch.speaks(claim.attemptId, claim.epoch);
        return call((desk) => desk.claim(stackId, claim)).finally(heard);
      },
      callback: (...[stackId, callback, message]: Parameters<StackDesk["callback"]>) => {
        const told = () => call((desk) => desk.callback(stackId, callback, message));
        if (callback.type !== "attempt.heartbeat") return told();
        const heard = this.stage.watch.speaks(callback.attemptId, callback.epoch, callback.data.leaseSeconds);
        return told().finally(heard);
      },
      operate: (stackId: string, command: OperatorCommand, actor: string, once?: { key: string; hash: string }) =>
        call((desk) => desk.operate(stackId, command, actor, once)),
      administer: (...[stackId, type, actor]: Parameters<StackDesk["administer"]>) =>
        call((desk) => desk.administer(stackId, type, actor)),
      configure: (...[stackId, config, actor]: Parameters<StackDesk["configure"]>) =>
        call((desk) => desk.configure(stackId, config, actor)),
    };
  }

  /** One tick of the cron. */
  async cron(): Promise<void> {
    const { timeline, trace } = this.stage;
    trace.line(() => "cron");
    await everyMinute(this.invoke("cron").env, timeline.now);
  }

  /** At least once, some time. */
  private queue(batchId: number): void {
    const { timeline, dice, faults } = this.stage;
    timeline.after(dice.between(10, 3000), () => this.poll({ batchId }));
    if (faults.strikes("requestTwice")) timeline.after(dice.between(10, 60_000), () => this.poll({ batchId }));
  }
}
