/**
 * The proof of a set-up: a run on the forge whose job claims nothing, and either is let in or not.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "@hono/zod-openapi";
import { SetupCheck } from "../../worker/contract/setup-check.ts";
import type { ForgeBench } from "./forge-bench.ts";
import type { Point } from "./point.ts";

/** Between two looks at a check, milliseconds. */
const LOOK_EVERY = 2000;

/** Starts a run that claims nothing, when everything that it needs is there. */
export async function checkPoint(
  { session, api, stack, given, apply }: ForgeBench,
  before: readonly Point[],
): Promise<Point> {
  const name = "claim";
  const missing = before.filter(({ state }) => state !== "ok" && state !== "done");
  if (missing.length > 0)
    return { name, state: "unknown", says: `not checked: ${missing.map((point) => point.name).join(", ")} first` };
  if (!apply && given.check !== true)
    return { name, state: "unknown", says: "not checked", next: "--check starts a run whose job proves who it is" };
  const path = ["stacks", stack.id, "checks"];
  const answer = z.object({ check: SetupCheck });
  let { check } = (await api.request({ method: "POST", path, answer })).value;
  session.say(`started ${check.runs[0]?.url ?? "a run"}; waiting for its job`);
  const until = Date.now() + given.wait * 1000;
  while (check.state === "waiting" && Date.now() < until) {
    await delay(LOOK_EVERY);
    ({ check } = (await api.request({ path: [...path, "latest"], answer })).value);
  }
  return claimed(check, given.wait);
}

function claimed({ state, reason, provedAs, runs }: SetupCheck, waited: number): Point {
  const name = "claim";
  const run = runs[0]?.url === undefined ? "" : ` (${runs[0].url})`;
  switch (state) {
    case "proved":
      return { name, state: "ok", says: `the job was let in as ${provedAs ?? "?"}${run}` };
    case "failed":
      return {
        name,
        state: "problem",
        says: `${reason?.code ?? "failed"}: ${reason?.message ?? "no reason is known"}${run}`,
      };
    case "waiting":
      return {
        name,
        state: "unknown",
        says: reason === undefined ? `no job came in ${waited} s${run}` : `${reason.message}${run}`,
        next: "does the fork have a CI runner for it? come back with --check",
      };
  }
}
