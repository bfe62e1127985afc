/**
 * The execution surfaces: a forge whose jobs claim their work, and a workspace whose runs are read.
 * They may not answer though they took the work, be limited, refuse, lose a run, or be asked twice.
 *
 * @module
 */
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { CAPABILITIES, type DriverName, type SurfaceRun } from "../../worker/contract/surface.ts";
import type { DispatchAnswer, Driver, DriverContext, HandOut, StatusAnswer } from "../../worker/dispatch/driver.ts";
import { ok } from "../../worker/platform/result.ts";
import type { ChecksAnswer } from "../../worker/review/check-verdict.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Caller } from "./d1.ts";
import type { Edge } from "./edge.ts";
import type { Forge } from "./forge.ts";
import { Runner } from "./runner.ts";
import { outcomeOf } from "./runner-work.ts";
import type { Stage } from "./stage.ts";

const MINUTE = 60_000;

/** A forge ends a job that says nothing for so long. */
const LONGEST_JOB_MS = 120 * MINUTE;

/** Time in which a run that ended without a word must be noticed: looks come every half an hour at least. */
const MISSED_WITHIN = 70 * MINUTE;

type Run = SurfaceRun & { handOut: string; state: "waiting" | "running" | "ended"; result?: AttemptResult };

export class Surface {
  /** What a driver needs of the deployment; none of it is used here but the time. */
  readonly context: DriverContext;
  private readonly stage: Stage;
  private readonly forges: ReadonlyMap<string, Forge>;
  private readonly edge: () => Edge;
  private readonly runs: Run[] = [];
  private readonly checked = new Map<string, { until: number; green: boolean }>();
  /** Hand-outs that were sent, and whether they were looked for in vain since. */
  private readonly sent = new Map<string, { missed: boolean }>();

  constructor(stage: Stage, forges: ReadonlyMap<string, Forge>, edge: () => Edge) {
    this.stage = stage;
    this.forges = forges;
    this.edge = edge;
    this.context = { now: () => stage.timeline.now } as DriverContext;
  }

  /** The driver in the hands of an instance that may not live to hear an answer. */
  driver(name: DriverName, caller: Caller): Driver | undefined {
    if (name === "pull") return undefined;
    const heard = <A>(answer: Promise<A>): Promise<A> =>
      new Promise((resolve) => {
        if (!caller.alive) return;
        caller.maybeEnd();
        void answer.then((value) => {
          if (caller.alive) resolve(value);
        });
      });
    return {
      name,
      capabilities: CAPABILITIES[name],
      dispatch: (handOut) => heard(caller.alive ? this.dispatch(name, handOut) : new Promise(() => {})),
      status: (handOut) => heard(this.status(handOut)),
      cancel: async (handOut) => {
        await this.travel();
        this.end(handOut.id);
        this.stage.watch.effectArrived(`${handOut.id}:dispatch.cancel`);
        return ok(undefined);
      },
    };
  }

  /** The forge's checks on a landing's candidate: each time somebody looks they may have got further. */
  async checks({ id }: AttemptRow, caller: Caller): Promise<ChecksAnswer> {
    const { dice, faults, timeline, watch } = this.stage;
    await this.travel();
    if (!caller.alive) return new Promise(() => {});
    if (faults.strikes("surfaceSilent")) return { kind: "unknown", reason: because("no_answer") };
    if (faults.strikes("surfaceLimited"))
      return { kind: "unknown", reason: because("rate_limited"), afterSeconds: dice.between(1, 3600) };
    const known = this.checked.get(id) ?? {
      until: timeline.now + dice.between(0, dice.one([5, 90])) * MINUTE,
      green: dice.chance(0.7),
    };
    this.checked.set(id, known);
    if (timeline.now < known.until) return { kind: "pending", message: "some run" };
    if (!known.green) return { kind: "failed", message: "one is red" };
    watch.checksGreen(id);
    return { kind: "passed", settled: dice.chance(0.5), message: "all are green" };
  }

  private async dispatch(name: DriverName, handOut: HandOut): Promise<DispatchAnswer> {
    const { dice, faults, trace, watch } = this.stage;
    const { id } = handOut;
    watch.effectLeaves(`${id}:dispatch`);
    const before = this.sent.get(id);
    if (before !== undefined && !before.missed)
      watch.fail("nothing is sent twice unseen", `${id} is sent again, and nobody has looked for it since`);
    this.sent.set(id, { missed: false });
    await this.travel();
    if (faults.strikes("surfaceRefuses")) return { kind: "refused", reason: because("no_workflow") };
    if (faults.strikes("surfaceLimited"))
      return { kind: "later", reason: because("rate_limited"), afterSeconds: dice.between(1, 3600) };
    const silent = faults.strikes("surfaceSilent");
    if (silent && dice.chance(0.5)) return { kind: "unclear", reason: because("no_answer") };
    if (faults.strikes("runLost")) {
      trace.line(() => `surface takes ${id} and forgets it`);
      return { kind: "taken", runs: [] };
    }
    const run: Run = { id: `run-${this.runs.length + 1}`, handOut: id, state: "waiting" };
    this.runs.push(run);
    trace.line(() => `surface has ${id} as ${run.id}${silent ? ", and says nothing" : ""}`);
    void (CAPABILITIES[name].claims ? this.job(run, handOut) : this.work(run, handOut));
    if (silent) return { kind: "unclear", reason: because("no_answer") };
    return { kind: "taken", runs: dice.chance(0.5) ? [{ id: run.id }] : [] };
  }

  private async status({ id }: HandOut): Promise<StatusAnswer> {
    const { faults } = this.stage;
    await this.travel();
    if (faults.strikes("surfaceSilent")) return { kind: "unknown", reason: because("no_answer") };
    const runs = this.runs.filter((run) => run.handOut === id);
    const [run] = runs;
    if (run === undefined) {
      const sent = this.sent.get(id);
      if (sent !== undefined) sent.missed = true;
      return { kind: "absent" };
    }
    const named = runs.map((one) => ({ id: one.id }));
    if (run.state !== "ended") return { kind: run.state, runs: named };
    return {
      kind: "ended",
      runs: named,
      message: "it is over",
      ...(run.result === undefined ? {} : { result: run.result }),
    };
  }

  /** A job claims by itself; one that is lost never begins. */
  private async job(run: Run, { attemptId, epoch }: HandOut): Promise<void> {
    const { timeline, dice, faults } = this.stage;
    await timeline.sleep(dice.between(1000, dice.chance(0.1) ? 60 * MINUTE : 2 * MINUTE));
    if (run.state === "ended") return;
    run.state = "running";
    timeline.after(LONGEST_JOB_MS, () => {
      run.state = "ended";
    });
    if (faults.strikes("runLost")) return;
    const handsOver = faults.strikes("runLost");
    await new Runner(this.edge(), this.forges, `job-${run.id}`).job({ id: attemptId, epoch }, handsOver);
    run.state = "ended";
    if (handsOver) this.missed(run.id, { id: attemptId, epoch });
  }

  /** A run that is over must not keep its hand-out for long, once nothing disturbs who looks for it. */
  private missed(runId: string, { id, epoch }: { id: string; epoch: number }): void {
    const { timeline, faults, watch } = this.stage;
    const wasOver = faults.over;
    timeline.after(MISSED_WITHIN, () => {
      if (!wasOver) this.missed(runId, { id, epoch });
      else if (watch.model.holds(id, epoch))
        watch.fail("what a surface lost is missed", `${id}.${epoch} is held for ${runId}, which is over`);
    });
  }

  private async work(run: Run, handOut: HandOut): Promise<void> {
    const { timeline, dice, faults } = this.stage;
    await timeline.sleep(dice.between(100, MINUTE));
    if (run.state === "ended") return;
    run.state = "running";
    await timeline.sleep(dice.between(1000, dice.chance(0.2) ? 40 * MINUTE : 5 * MINUTE));
    if ((run.state as Run["state"]) === "ended") return;
    run.state = "ended";
    const forge = this.forges.get(handOut.stackId);
    if (forge !== undefined) run.result = outcomeOf(handOut, forge, dice, faults.over);
  }

  private end(handOut: string): void {
    for (const run of this.runs) if (run.handOut === handOut) run.state = "ended";
  }

  private travel(): Promise<void> {
    return this.stage.timeline.sleep(this.stage.dice.between(20, 3000));
  }
}

function because(code: string) {
  return { code, message: code.replaceAll("_", " ") };
}
