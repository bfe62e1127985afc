/**
 * Hosts one stack's object as the platform does: makes an instance when it is called, may drop it at
 * any moment or have two of them, keeps its storage and its alarm, and may lose or repeat the alarm.
 *
 * @module
 */
import { LocalRecord } from "../../durable-objects/local-record.ts";
import { StackDesk } from "../../durable-objects/stack-desk.ts";
import type { DriverName } from "../../worker/contract/surface.ts";
import { openDatabase } from "../../worker/store/database.ts";
import type { Caller } from "./d1.ts";
import { performEffect } from "./notices.ts";
import { sqlStorage } from "./object-storage.ts";
import type { Sqlite } from "./sqlite.ts";
import type { Stage } from "./stage.ts";
import type { Surface } from "./surface.ts";

/** The platform tries an alarm again after an exception, this often and from this wait on. */
const ALARM_TRIES = 6;
const ALARM_WAIT_MS = 2000;

/** Longest life of an instance beside its successor, milliseconds. */
const LONGEST_DOUBLE = 180_000;

type Instance = Caller & { desk: StackDesk; end: () => void; onEnd: Set<() => void> };

export class ObjectEvicted extends Error {
  override name = "ObjectEvicted";
}

export class ObjectHost {
  readonly stackId: string;
  private readonly stage: Stage;
  private readonly storage: Sqlite;
  private readonly surface: Surface;
  /** The last one is the one that the platform means. */
  private instances: Instance[] = [];
  private made = 0;
  private alarmAt: number | null = null;

  constructor(stage: Stage, stackId: string, storage: Sqlite, surface: Surface) {
    this.stage = stage;
    this.surface = surface;
    this.stackId = stackId;
    this.storage = storage;
  }

  /** Calls the object; fails when the instance is dropped meanwhile. */
  call<T>(work: (desk: StackDesk) => Promise<T>): Promise<T> {
    const instance = this.reach();
    return new Promise<T>((resolve, reject) => {
      const evicted = () => reject(new ObjectEvicted("Durable Object reset because its code was updated."));
      instance.onEnd.add(evicted);
      const done = () => instance.onEnd.delete(evicted);
      work(instance.desk).then(
        (value) => {
          done();
          resolve(value);
        },
        (error: unknown) => {
          done();
          this.stage.watch.unexpected(error);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  /** An instance that takes the call: the newest, or an older one that does not know better. */
  private reach(): Instance {
    const { dice, faults, timeline } = this.stage;
    const newest = this.instances.at(-1);
    if (newest === undefined) return this.start();
    if (faults.strikes("objectTwice")) {
      timeline.after(dice.between(1, LONGEST_DOUBLE), newest.end);
      return this.start();
    }
    return dice.pick(this.instances) ?? newest;
  }

  private start(): Instance {
    const { timeline, dice, faults, trace, d1, watch } = this.stage;
    const name = `${this.stackId}#${++this.made}`;
    const onEnd = new Set<() => void>();
    const end = () => {
      if (!caller.alive) return;
      caller.alive = false;
      trace.line(() => `object ${name} is evicted`);
      this.instances = this.instances.filter((instance) => instance.name !== name);
      for (const tell of onEnd) tell();
    };
    const caller: Caller = {
      name,
      alive: true,
      maybeEnd: () => {
        if (faults.strikes("objectEvicted")) timeline.after(dice.between(0, 60), end);
      },
    };
    const db = openDatabase(d1.binding(caller));
    const dispatching = {
      db,
      driver: (name: DriverName) => this.surface.driver(name, caller),
      context: this.surface.context,
    };
    const desk = new StackDesk({
      db,
      local: new LocalRecord(sqlStorage(this.storage, () => watch.leases(this.storage))),
      now: () => timeline.now,
      random: () => dice.next(),
      alarm: {
        set: (at) => {
          this.setAlarm(at);
          return Promise.resolve();
        },
        clear: () => {
          this.alarmAt = null;
          return Promise.resolve();
        },
      },
      background: (work) => {
        work.catch((error: unknown) => watch.unexpected(error));
      },
      dispatching,
      checks: (landing) => this.surface.checks(landing, caller),
      perform: (effect) => performEffect(this.stage, caller, effect, dispatching),
      measure: () => {},
      instance: name,
    });
    const instance = Object.assign(caller, { desk, end, onEnd });
    trace.line(() => `object ${name} starts`);
    this.instances.push(instance);
    return instance;
  }

  private setAlarm(at: number): void {
    if (this.alarmAt === at) return;
    this.alarmAt = at;
    const { timeline, faults, trace } = this.stage;
    timeline.at(at, () => {
      // Set anew or cleared since.
      if (this.alarmAt !== at) return;
      this.alarmAt = null;
      if (faults.strikes("alarmLost")) {
        trace.line(() => `alarm of ${this.stackId} is lost`);
        return;
      }
      this.ring(1);
      if (faults.strikes("alarmTwice")) this.ring(1);
    });
  }

  /** What the object does with an alarm. */
  private ring(tries: number): void {
    const again = () => {
      const wait = ALARM_WAIT_MS * 2 ** (tries - 1);
      if (tries < ALARM_TRIES) this.stage.timeline.after(wait, () => this.ring(tries + 1));
    };
    this.call((desk) => desk.poke(this.stackId)).then((answer) => {
      if (!answer.ok && answer.code === "storage_unavailable") again();
    }, again);
  }
}
