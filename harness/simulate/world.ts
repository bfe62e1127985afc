/**
 * One run: a deployment with stacks, feeds, runners and operators, played from a seed.
 *
 * @module
 */
import { LocalRecord } from "../../durable-objects/local-record.ts";
import { FeedSourceConfig } from "../../worker/contract/feed-source.ts";
import { StackConfig } from "../../worker/contract/stack.ts";
import { putSource } from "../../worker/store/feed-sources.ts";
import { SimulatedD1 } from "./d1.ts";
import { Dice } from "./dice.ts";
import { Edge } from "./edge.ts";
import { Faults } from "./faults.ts";
import { Forge } from "./forge.ts";
import type { Invariant } from "./journal-model.ts";
import { ObjectHost } from "./object-host.ts";
import { sqlStorage } from "./object-storage.ts";
import { Operator } from "./operator.ts";
import { type Polled, Poller } from "./poller.ts";
import { TOUCHED } from "./record-rows.ts";
import { Runner } from "./runner.ts";
import { finalProblem, nextDue, unsettled } from "./settlement.ts";
import { migrations, Sqlite } from "./sqlite.ts";
import type { Stage } from "./stage.ts";
import { Surface } from "./surface.ts";
import { Timeline } from "./timeline.ts";
import { Trace } from "./trace.ts";
import { Upstream } from "./upstream.ts";
import { Watch } from "./watch.ts";

const START = Date.parse("2031-03-01T00:00:00.000Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * When nothing more can go wrong or arrive late, everything must have settled within this virtual time: a
 * lost job of a forge's is over after two hours, an effect is tried again after five at most.
 */
const SETTLE_WITHIN = 12 * HOUR;

/** No run takes as many steps; one that does goes in circles. */
const MOST_STEPS = 30_000;

export type Violation = { invariant: Invariant; message: string; step: number };
export type Outcome = { seed: number; steps: number; violation?: Violation; lines: string[]; faults: string };

/** The databases of one thread; each run leaves them as it found them. */
export class Theatre {
  readonly record = new Sqlite(migrations() + TOUCHED);
  readonly storages = ["stack-a", "stack-b"].map((id) => {
    const sqlite = new Sqlite("");
    new LocalRecord(sqlStorage(sqlite, () => {}));
    return { id, sqlite };
  });

  /** Plays one seed. */
  async play(seed: number, keepTrace: boolean): Promise<Outcome> {
    const databases = [this.record, ...this.storages.map(({ sqlite }) => sqlite)];
    for (const database of databases) database.begin();
    try {
      return await new World(this, seed, keepTrace).play();
    } finally {
      for (const database of databases) database.forget();
    }
  }
}

class World {
  private readonly seed: number;
  private readonly stage: Stage;
  private readonly edge: Edge;
  private readonly upstream: Upstream;
  private readonly operator: Operator;
  private readonly poller: Poller;
  private readonly record: Sqlite;
  private readonly stackIds: string[];
  private readonly forges = new Map<string, Forge>();
  private readonly hosts = new Map<string, ObjectHost>();
  private due: number | undefined;
  private lastTick = START;
  private settleBy = Number.POSITIVE_INFINITY;
  /** Not before this time is the run over: what was delayed for days shall arrive. */
  private notBefore = 0;

  constructor(theatre: Theatre, seed: number, keepTrace: boolean) {
    this.seed = seed;
    this.record = theatre.record;
    const dice = new Dice(seed);
    const timeline = new Timeline(START, dice);
    const trace = new Trace(timeline, keepTrace);
    const faults = new Faults(dice);
    const watch = new Watch(this.record, timeline, trace);
    const d1 = new SimulatedD1({ sqlite: this.record, timeline, dice, faults, trace }, (tables) =>
      watch.written(tables),
    );
    this.stage = { timeline, dice, faults, trace, d1, watch };
    const surface = new Surface(this.stage, this.forges, () => this.edge);
    for (const { id, sqlite } of theatre.storages.slice(0, dice.one([1, 1, 1, 2]))) {
      this.hosts.set(id, new ObjectHost(this.stage, id, sqlite, surface));
      this.forges.set(id, new Forge("patched"));
    }
    this.stackIds = [...this.hosts.keys()];
    this.upstream = new Upstream(this.stage, (feed) =>
      this.poll({ sourceId: feed === "releases" ? "release" : "tag" }),
    );
    this.edge = new Edge(this.stage, this.hosts, (batch) => this.poll(batch));
    this.poller = new Poller(this.edge, this.upstream, dice.one([4, 12, 24]) * HOUR);
    this.operator = new Operator(this.edge);
  }

  async play(): Promise<Outcome> {
    const { timeline, trace, watch } = this.stage;
    await this.declare();
    this.plan();
    while (watch.problem === undefined) {
      if (watch.dueChanged) this.look();
      if (this.isOver()) break;
      this.tick();
      trace.step++;
      await timeline.step();
    }
    if (watch.problem === undefined) {
      watch.finish();
      const problem = finalProblem(this.record, this.forges) ?? watch.acknowledged.lostProblem();
      if (problem !== undefined) watch.fail(problem.invariant, problem.message);
    }
    const { problem } = watch;
    return {
      seed: this.seed,
      steps: trace.step,
      lines: trace.lines,
      faults: this.stage.faults.describe(),
      ...(problem === undefined ? {} : { violation: problem }),
    };
  }

  /** Stacks and sources, before anything can go wrong. */
  private async declare(): Promise<void> {
    const { dice, timeline, faults } = this.stage;
    for (const id of this.stackIds) {
      const config = stackConfig(dice);
      await this.finish(this.edge.object(id).configure(id, config, "person"));
    }
    const { db } = this.edge.invoke("declare");
    for (const event of ["release", "tag"] as const) {
      const config = FeedSourceConfig.parse({
        provider: "feed",
        url: `https://upstream.example/${event}`,
        event,
        target: { mode: "maintain", stacks: this.stackIds },
        primeOnly: false,
      });
      await this.finish(putSource(db, event, config, undefined, new Date(timeline.now).toISOString()));
    }
    faults.begin();
  }

  /** Steps until the work is done. */
  private async finish<T>(work: Promise<T>): Promise<T> {
    let done = false;
    void work.finally(() => {
      done = true;
    });
    while (!done) await this.stage.timeline.step();
    return work;
  }

  /** What people, upstream and runners will do, and when the faults end. */
  private plan(): void {
    const { timeline, dice } = this.stage;
    const length = dice.one([1, 3, 10]) * HOUR;
    const sometime = () => dice.between(MINUTE, length);
    for (let i = dice.between(1, 3); i > 0; i--) timeline.after(sometime(), () => this.upstream.burst());
    for (let i = dice.between(0, 6); i > 0; i--) {
      const stackId = dice.one(this.stackIds as [string, ...string[]]);
      timeline.after(sometime(), () => void this.operator.act(stackId));
    }
    for (let i = dice.one([1, 2, 3]); i > 0; i--) new Runner(this.edge, this.forges, `runner-${i}`).start();
    timeline.after(length, () => this.calm());
  }

  private calm(): void {
    const { timeline, dice, faults, trace } = this.stage;
    trace.line(() => "the faults end");
    faults.end();
    this.notBefore = timeline.now + (dice.chance(0.15) ? 50 : 1) * HOUR;
    this.settleBy = this.notBefore + SETTLE_WITHIN;
    for (const id of this.stackIds) void this.operator.pause(id, "unpause");
  }

  private poll(what: Polled, tries = 1): void {
    const later = () => {
      if (tries < 4) this.stage.timeline.after(10_000, () => this.poll(what, tries + 1));
    };
    // Storage faults bring the message back; when it is given up its batch expires, and the cron claims anew.
    this.poller.poll(what, tries).then((done) => {
      if (!done) later();
    }, later);
  }

  /** The cron, every minute; ticks that would find nothing to do are left out. */
  private tick(): void {
    const { timeline, faults } = this.stage;
    if (this.due === undefined) return;
    const at = Math.ceil(Math.max(this.lastTick + 1, this.due) / MINUTE) * MINUTE;
    if (timeline.next !== undefined && timeline.next < at) return;
    this.lastTick = at;
    timeline.at(at, () => {
      if (faults.strikes("cronSkipped")) return;
      void this.edge.cron();
      if (faults.strikes("cronTwice")) void this.edge.cron();
    });
  }

  private look(): void {
    this.stage.watch.dueChanged = false;
    this.due = nextDue(this.record, this.stage.timeline.now);
  }

  private isOver(): boolean {
    const { timeline, faults, trace, watch } = this.stage;
    if (trace.step > MOST_STEPS) watch.fail("everything settles", `not after ${MOST_STEPS} steps`);
    if (!faults.over || timeline.now < this.notBefore) return watch.problem !== undefined;
    const open = unsettled(this.record, timeline.now);
    if (open === undefined) return true;
    if (timeline.now > this.settleBy) watch.fail("everything settles", open);
    return watch.problem !== undefined;
  }
}

function stackConfig(dice: Dice): StackConfig {
  const notify = ["changed", "needs_intervention", "failed", "timed_out", "superseded", "landed", "promoted"];
  const driver = dice.one(["pull", "pull", "github-actions", "workspace-ws"]);
  // A workspace brings no runner, and channels need one.
  const withChannels = driver !== "workspace-ws" && dice.chance(0.5);
  const onNewer = dice.one(["supersede", "queue"]);
  const landing = dice.one(driver === "workspace-ws" ? ["manual", "auto"] : ["manual", "auto", "after_checks"]);
  const automaticRetries = dice.between(0, 4);
  // No draw of its own: a seed stays the story that it was.
  const grouping = automaticRetries === 2 ? { groupMinutes: 30 } : {};
  return StackConfig.parse({
    upstream: { url: "https://upstream.example/repo" },
    fork: { url: "https://fork.example/o/repo", forge: { kind: "github" } },
    branch: "patched",
    ...(withChannels ? { channels: { internal: { follows: "candidates" }, public: { follows: "releases" } } } : {}),
    policy: {
      driver,
      onNewer,
      landing,
      automaticRetries,
      deadlines: {
        startSeconds: dice.one([600, 7200, 3 * 86_400]),
        attemptSeconds: dice.one([300, 3600, 86_400]),
        checksSeconds: dice.one([600, 6 * 3600]),
      },
      releases: { prereleases: dice.chance(0.5) },
      notify: { discord: dice.chance(0.6) ? notify : [], ...grouping },
    },
  });
}
