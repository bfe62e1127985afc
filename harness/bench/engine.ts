/**
 * The engine against git itself, in turn on the same machine: ratios of medians.
 *
 * (a) warm mirror + fetch + replay of the whole stack, against fresh clone + fetch + `git rebase`;
 * (b) replay alone, against `git rebase` alone in an existing checkout.
 *
 * `BENCH_ONLY=small|large|deep` takes one of the repositories, `BENCH_RUNS=1` measures once.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { keepCommitGraph } from "../../runner/git/commit-graph.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { makeRepository, plainGit, SHAPES, type Shape } from "./engine-repository.ts";
import type { EngineRun } from "./engine-run.ts";

const ENGINE_RUN = fileURLToPath(new URL("./engine-run.ts", import.meta.url));
/** Memory may differ by this much between a stack and one a quarter as long. */
const FLAT = 1.25;

export const engine: Bench = {
  name: "engine",
  about: "replay of a stack against git clone and git rebase, on three repositories",
  async run(progress) {
    const { BENCH_ONLY: only, BENCH_RUNS: runs = "5" } = process.env;
    const folder = mkdtempSync(join(tmpdir(), "patch-moi-bench-"));
    try {
      const results: BenchResult[] = [];
      for (const shape of SHAPES.filter(({ name }) => only === undefined || name === only)) {
        progress(shape.name);
        results.push(...(await benchShape(folder, shape, Number(runs))));
      }
      return results;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function benchShape(folder: string, shape: Shape, runs: number): Promise<BenchResult[]> {
  const origin = makeRepository(folder, shape);
  const url = pathToFileURL(origin).href;
  const warm = join(folder, `${shape.name}-warm`);
  plainGit(folder, ["init", "--quiet", "--bare", warm]);
  plainGit(warm, ["fetch", "--quiet", url, "refs/heads/known:refs/heads/main", "refs/heads/fork:refs/heads/fork"]);
  // As the jobs before have left it.
  await keepCommitGraph(warm);
  const checkout = join(folder, `${shape.name}-checkout`);
  plainGit(folder, ["clone", "--quiet", "--branch=fork", url, checkout]);

  const [head = "", onto = ""] = plainGit(origin, ["rev-parse", "fork", "main"]).split("\n");
  const a: { ours: EngineRun; git: number }[] = [];
  const b: { ours: EngineRun; git: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    const mirror = join(folder, `${shape.name}-mirror-${run}`);
    cpSync(warm, mirror, { recursive: true });
    a.push({ ours: runEngine(mirror, head, onto, url), git: cloneAndRebase(folder, url) });
    b.push({ ours: runEngine(mirror, head, onto), git: rebaseOnly(checkout) });
    const tree = plainGit(checkout, ["rev-parse", "HEAD^{tree}"]);
    for (const { ours } of [...a.slice(-1), ...b.slice(-1)])
      if (ours.tree !== tree) throw new Error(`${shape.name}: the trees differ, ${ours.tree} and git's ${tree}`);
    rmSync(mirror, { recursive: true });
  }
  const large = shape.name === "large";
  const processes = Math.max(...b.map(({ ours }) => ours.gitProcesses));
  return [
    compared(`${shape.name}: (a) mirror, fetch, replay`, a, large ? 0.05 : 0.25),
    compared(`${shape.name}: (b) replay`, b, large ? 0.05 : undefined),
    {
      name: `${shape.name}: git processes`,
      value: processes,
      unit: "",
      wanted: shape.patches - 1,
      ok: processes < shape.patches,
    },
    ...memory(checkout, shape, b),
  ];
}

function compared(name: string, pairs: { ours: EngineRun; git: number }[], wanted: number | undefined): BenchResult {
  const value = median(pairs.map(({ ours }) => ours.milliseconds));
  const baseline = median(pairs.map(({ git }) => git));
  const ratio = value / baseline;
  const result = { name, value: Math.round(value), unit: "ms", baseline: Math.round(baseline), ratio: round(ratio) };
  return wanted === undefined ? { ...result, ok: true } : { ...result, wanted, ok: ratio <= wanted };
}

/** Peak memory of the whole stack, against the same with a quarter of its patches. */
function memory(checkout: string, shape: Shape, runs: { ours: EngineRun }[]): BenchResult[] {
  const whole = median(runs.map(({ ours }) => ours.peakMemory));
  const quarter = Math.floor((shape.patches * 3) / 4);
  const oids = plainGit(checkout, ["rev-parse", `origin/fork~${quarter}`, "origin/main"]).split("\n");
  const less = runEngine(join(checkout, ".git"), oids[0] ?? "", oids[1] ?? "").peakMemory;
  const ratio = whole / less;
  return [
    {
      name: `${shape.name}: peak memory`,
      value: Math.round(whole / 1e6),
      unit: "MB",
      baseline: Math.round(less / 1e6),
      ratio: round(ratio),
      wanted: FLAT,
      ok: ratio <= FLAT,
    },
  ];
}

function runEngine(gitDir: string, head: string, onto: string, url?: string): EngineRun {
  const args = [ENGINE_RUN, gitDir, head, onto, ...(url === undefined ? [] : [url])];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as EngineRun;
}

function cloneAndRebase(folder: string, url: string): number {
  const clone = join(folder, "clone");
  const startedAt = performance.now();
  plainGit(folder, ["clone", "--quiet", "--branch=fork", url, clone]);
  plainGit(clone, ["fetch", "--quiet", "origin"]);
  plainGit(clone, ["rebase", "--quiet", "origin/main"]);
  const milliseconds = performance.now() - startedAt;
  rmSync(clone, { recursive: true });
  return milliseconds;
}

function rebaseOnly(checkout: string): number {
  plainGit(checkout, ["checkout", "--quiet", "--force", "-B", "fork", "origin/fork"]);
  const startedAt = performance.now();
  plainGit(checkout, ["rebase", "--quiet", "origin/main"]);
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round(ratio: number): number {
  return Math.round(ratio * 1000) / 1000;
}
