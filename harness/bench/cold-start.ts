/**
 * The first job on a repository that the runner has no mirror of, from a server over HTTP: with a mirror
 * that leaves contents with upstream, against one that has everything.
 *
 * `BENCH_ONLY=small|large|deep` takes one of the repositories, `BENCH_RUNS=1` measures once.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replayStack } from "../../runner/git/replay.ts";
import { openDataHome } from "../../runner/job/data-home.ts";
import { sizeOf } from "../../runner/job/mirror-limit.ts";
import { performJob } from "../../runner/job/perform-job.ts";
import { testEnvelope } from "../../runner/job/testing/scratch.ts";
import { startGitServer } from "../git-server/server.ts";
import { type BenchResult, quantile } from "./bench.ts";
import { makeRepository, plainGit, SHAPES, type Shape } from "./engine-repository.ts";

const CANDIDATE = "patch-moi/web/v2";

export const coldStart = {
  name: "cold-start",
  about: "the first job without a mirror: contents left with upstream, against everything fetched",
  run: async (progress: (line: string) => void): Promise<BenchResult[]> => {
    const only = process.env.BENCH_ONLY;
    const results: BenchResult[] = [];
    for (const shape of SHAPES.filter(({ name }) => only === undefined || name === only)) {
      progress(shape.name);
      results.push(...(await benchShape(shape, Number(process.env.BENCH_RUNS ?? 3))));
    }
    return results;
  },
};

interface Cold {
  milliseconds: number;
  /** What the server sent. */
  bytes: number;
  /** What the mirror takes on the disk. */
  disk: number;
  requests: number;
}

async function benchShape(shape: Shape, runs: number): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "patch-moi-bench-"));
  try {
    const owner = join(folder, "served", "acme");
    mkdirSync(owner, { recursive: true });
    const made = makeRepository(folder, shape);
    const [upstream, fork] = [join(owner, "upstream.git"), join(owner, "fork.git")];
    renameSync(made, upstream);
    await standOn(upstream, "fork", "known");
    plainGit(upstream, ["config", "uploadpack.allowFilter", "true"]);
    plainGit(upstream, ["tag", "v2", "main"]);
    plainGit(folder, ["clone", "--quiet", "--bare", "--no-tags", "--single-branch", "--branch=fork", upstream, fork]);
    plainGit(fork, ["config", "http.receivepack", "true"]);
    plainGit(fork, ["config", "uploadpack.allowFilter", "true"]);
    plainGit(upstream, ["branch", "-D", "fork", "known"]);
    plainGit(upstream, ["repack", "-adq"]);
    const partial: Cold[] = [];
    const whole: Cold[] = [];
    for (let run = 0; run < runs; run += 1) {
      partial.push(await cold(folder, fork, {}));
      whole.push(await cold(folder, fork, { PATCH_MOI_PARTIAL_CLONE: "off" }));
    }
    const compared = (what: string, of: (one: Cold) => number, unit: string): BenchResult => {
      const [value, baseline] = [quantile(partial.map(of), 0.5), quantile(whole.map(of), 0.5)];
      const ratio = Math.round((value / baseline) * 1000) / 1000;
      return {
        name: `${shape.name}: ${what}`,
        value: Math.round(value),
        baseline: Math.round(baseline),
        unit,
        ratio,
        ok: true,
      };
    };
    return [
      compared("time", ({ milliseconds }) => milliseconds, "ms"),
      compared("sent by the server", ({ bytes }) => bytes / 1000, "kB"),
      compared("mirror on the disk", ({ disk }) => disk / 1000, "kB"),
      compared("requests", ({ requests }) => requests, ""),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The stack where most stacks are: a release behind, and all of history behind that. */
async function standOn(gitDir: string, branch: string, base: string): Promise<void> {
  const [headOid = "", oid = ""] = plainGit(gitDir, ["rev-parse", branch, base]).split("\n");
  const answer = await replayStack({ gitDir, stackId: "bench", branch, headOid, onto: { ref: base, oid } });
  const result = answer.ok ? answer.report.result : undefined;
  if (result === undefined || result === null) throw new Error(`the stack does not replay onto ${base}`);
  plainGit(gitDir, ["update-ref", `refs/heads/${branch}`, result.oid]);
}

/** From nothing to the candidate in the fork. */
async function cold(folder: string, fork: string, more: Record<string, string>): Promise<Cold> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = await startGitServer({
    root: join(folder, "served"),
    onRequest: ({ socket }) => {
      requests += 1;
      sockets.add(socket);
    },
  });
  const path = mkdtempSync(join(folder, "home-"));
  try {
    const home = openDataHome(path);
    const url = (name: string) => `${server.origin}/acme/${name}.git`;
    const startedAt = performance.now();
    const result = await performJob(
      testEnvelope({ upstream: url("upstream"), fork: url("fork"), branch: "fork", candidateRef: CANDIDATE }),
      {
        home,
        signal: new AbortController().signal,
        progress: () => {},
        log: () => {},
        redact: (text) => text,
        push: true,
      },
      { PATH: process.env.PATH, ...more },
    );
    const milliseconds = performance.now() - startedAt;
    if (result.outcome !== "changed")
      throw new Error(`the job ended ${result.outcome}: ${result.reason?.message ?? ""}`);
    plainGit(fork, ["update-ref", "-d", `refs/heads/${CANDIDATE}`]);
    plainGit(fork, ["gc", "--quiet", "--prune=now"]);
    const [mirror = ""] = readdirSync(home.mirrors).filter((name) => name.endsWith(".git"));
    const bytes = [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
    return { milliseconds, bytes, disk: sizeOf(join(home.mirrors, mirror)), requests };
  } finally {
    await server.close();
    rmSync(path, { recursive: true, force: true });
  }
}
