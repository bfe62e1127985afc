/**
 * The Worker with meters, for benches: what it does is what `worker/index.ts` does.
 *
 * `X-Measure-D1: 1` on a GET has the answer say what it cost in D1. `POST /measure/cycles` drives
 * stack objects from inside, so that neither HTTP nor signatures are part of what is measured;
 * `POST /measure/polls` does the same for polling, and `POST /measure/ticks` for the cron. `POST /measure/tick` is
 * the cron at another time, with the real queue behind it.
 *
 * @module
 */
import { PatchStack as RealPatchStack } from "../../durable-objects/patch-stack.ts";
import { everyMinute } from "../../worker/cron.ts";
import worker from "../../worker/index.ts";
import type { CycleOrder, PollOrder, TickOrder, TicksOrder } from "../bench/measure-orders.ts";
import { countedD1, noCount } from "./counted-d1.ts";
import { drivePolls, driveTicks } from "./poll-rounds.ts";
import { driveCycles } from "./stack-cycles.ts";

export class PatchStack extends RealPatchStack {
  private readonly count: ReturnType<typeof noCount>;

  constructor(ctx: DurableObjectState, env: Env) {
    const count = noCount();
    super(ctx, { ...env, DB: countedD1(env.DB, count, false) });
    this.count = count;
  }

  /** What D1 was asked for since the last call. */
  takeCount(): ReturnType<typeof noCount> {
    const taken = { ...this.count };
    Object.assign(this.count, noCount());
    return taken;
  }
}

export default {
  ...worker,
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/measure/cycles")
      return Response.json(await driveCycles(env, await request.json<CycleOrder>()));
    if (new URL(request.url).pathname === "/measure/polls")
      return Response.json(await drivePolls(env, await request.json<PollOrder>()));
    if (new URL(request.url).pathname === "/measure/ticks")
      return Response.json(await driveTicks(env, await request.json<TicksOrder>()));
    if (new URL(request.url).pathname === "/measure/tick") {
      const { at } = await request.json<TickOrder>();
      return Response.json(await everyMinute(env, at));
    }
    if (request.method !== "GET" || request.headers.get("x-measure-d1") === null)
      return worker.fetch(request, env, ctx);
    const count = noCount();
    const answer = await worker.fetch(request, { ...env, DB: countedD1(env.DB, count, true) }, ctx);
    const headers = new Headers(answer.headers);
    headers.set("x-d1", JSON.stringify(count));
    return new Response(answer.body, { status: answer.status, headers });
  },
} satisfies ExportedHandler<Env>;
