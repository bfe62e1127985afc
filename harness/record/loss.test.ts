/**
 * The record is kept, moved and lost: an export of a rehearsed deployment comes back byte for byte, and after the
 * loss of everything but Git the next release is carried, and nothing twice.
 */
import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { CLI, type Deployment, startDeployment } from "../deployment/deployment.ts";
import { startChild } from "../process/child.ts";
import { Narrator } from "../rehearsal/narrator.ts";
import { playSteps } from "../rehearsal/play.ts";
import { RUNNER } from "../rehearsal/runner-surface.ts";
import { type Stage, setStage } from "../rehearsal/stage.ts";
import { SOURCE, STACK, type Story } from "../rehearsal/steps.ts";
import { polledSince } from "../rehearsal/waiting.ts";
import { runInterrupted } from "./interrupted.ts";

const Summary = z.object({ new: z.int(), same: z.int(), refused: z.int() });

/** Its records, but for those that say who brought them. */
function body(path: string): string {
  const [, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.filter((line) => !/^\{"(kind":"(import|stack_import)|end)"/.test(line)).join("\n");
}

async function roundTrip(from: Stage, to: Deployment, folder: string): Promise<void> {
  const [first, second, cut] = ["first", "second", "cut"].map((name) => join(folder, `${name}.ndjson`));
  if (first === undefined || second === undefined || cut === undefined) return;
  await from.cli(["export", "-o", first]);
  const whole = body(first);
  for (const kind of ["attempt", "report", "candidate", "journal", "signal", "entry", "runner", "stack_standing"])
    expect(whole).toContain(`{"kind":"${kind}",`);
  const halves = await interruptTwice(to, first);
  const taken = Summary.parse(await to.cliJson(["import", first]));
  expect(taken.refused).toBe(0);
  // The request that was given up was done all the same.
  expect(taken.same).toBeGreaterThan(halves);
  expect((await to.cli(["imports"])).stdout.match(/(ended|under way, last lines \d+s ago)$/gm)).toHaveLength(3);
  await to.cliJson(["export", "-o", second]);
  expect(body(second)).toBe(whole);
  const all = taken.new + taken.same;
  expect(Summary.parse(await to.cliJson(["import", first]))).toEqual({ new: 0, same: all, refused: 0 });
  await to.cliJson(["export", "-o", cut]);
  truncateSync(cut, 2000);
  const refused = await to.cli(["import", cut]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^export_cut_short: /)]);
}

/** Ctrl-C in the middle of an import, patiently and not; gives the records that the command says are in. */
async function interruptTwice(to: Deployment, file: string): Promise<number> {
  let said = 0;
  for (const [nth, signals] of [
    [1, 1],
    [2, 2],
  ] as const) {
    const request = { method: "POST", path: "/records", nth };
    const { code, stdout, stderr } = await runInterrupted(to, ["import", file], { request, signals });
    expect([code, stdout]).toEqual([1, ""]);
    const lines = stderr.trimEnd().split("\n");
    expect(lines[0]).toBe("stopping after the request that is under way; once more stops at once");
    expect(lines.slice(1, -1)).toEqual(signals === 1 ? [] : ["stopping at once"]);
    const [, records] =
      /^interrupted: stopped; (\d+) of \d+ records are in: the same command goes on\. .* patch\.moi import --give-up imp_/.exec(
        lines.at(-1) ?? "",
      ) ?? [];
    said = Number(records);
    expect(said).toBeGreaterThan(0);
  }
  const doctor = await to.cli(["doctor"]);
  expect(doctor.stdout.replaceAll(/\s+/g, " ")).toMatch(
    /an import is under way, its last lines came \d+ s ago; until it is finished nothing is done/,
  );
  return said;
}

it("an export comes back the same, and a lost record is rebuilt from Git", async () => {
  const folder = mkdtempSync(join(tmpdir(), "loss-"));
  const lines: string[] = [];
  const stage = await setStage(folder, new Narrator((line) => lines.push(line)));
  const running: { stop(): Promise<void> }[] = [stage];
  try {
    const story: Partial<Story> = {};
    await playSteps(stage, story, 1, 2, 4);
    const copy = await startDeployment(join(folder, "copy"));
    running.push(copy.edge);
    await roundTrip(stage, copy, folder);
    await copy.edge.stop();

    // Everything but the forge is gone.
    for (const child of stage.children()) if (child.name === "the runner") await child.kill();
    await stage.edge.kill();
    const deployment = await startDeployment(join(folder, "anew"));
    running.push(deployment.edge);
    const { edge, api, env } = deployment;
    const anew: Stage = { ...stage, folder: deployment.folder, edge, api, cli: (args) => deployment.cliJson(args) };
    await anew.cli(["runner", "register", "--name", RUNNER]);
    await anew.cli(["apply", "-f", join(folder, "patch-moi.json"), "--yes"]);
    const rebuilt = z.object({ attempts: z.array(z.string()) }).parse(await anew.cli(["rebuild", "--stack", STACK]));
    expect(rebuilt.attempts).toEqual([`${STACK}.1`]);
    expect(await anew.cli(["rebuild", "--stack", STACK])).toMatchObject({ attempts: [], same: 1 });
    const head = await stage.life.forkRef("refs/heads/office");
    expect(await api.stack(STACK)).toMatchObject({ highestTag: "v1.1.0", carried: { tag: "v1.1.0", oid: head } });
    expect((await api.candidates(STACK)).map(({ tag, oid, landedAt }) => [tag, oid, landedAt !== undefined])).toEqual([
      ["v1.1.0", head, true],
    ]);
    expect(await anew.cli(["why", STACK, "v1.1.0"])).toMatchObject({ verdict: "done" });

    const runner = startChild({
      name: "the new runner",
      command: process.execPath,
      args: [CLI, "runner", "start"],
      log: join(folder, "runner-anew.log"),
      cwd: deployment.folder,
      env,
    });
    running.push(runner);
    await polledSince(anew, SOURCE, "");
    expect(await api.attempts({ stackId: STACK })).toHaveLength(1);
    await playSteps(anew, story, 5);
    const attempts = await api.attempts({ stackId: STACK });
    expect(attempts.filter(({ tag }) => tag === "v1.1.0").map(({ id }) => id)).toEqual([`${STACK}.1`]);
  } finally {
    await Promise.all(running.map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
});
