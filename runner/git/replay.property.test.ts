/**
 * Random histories, replayed by us and by `git rebase --reapply-cherry-picks`.
 *
 * `PATCH_MOI_HISTORIES` says how many, `PATCH_MOI_SEED` from which seed on.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StackReport } from "../../worker/contract/report.ts";
import { type RandomHistory, randomHistories } from "./testing/random-history.ts";
import { TestRepository } from "./testing/test-repository.ts";

const HISTORIES = Number(process.env.PATCH_MOI_HISTORIES ?? 60);
const SEED = Number(process.env.PATCH_MOI_SEED ?? Math.floor(Date.now() / 86_400_000) * 1000);

test(`${HISTORIES} random histories from seed ${SEED}: as git rebase does, and every patch accounted for`, {
  timeout: 60_000 + HISTORIES * 3_000,
}, async () => {
  using r = TestRepository.init();
  const { histories, stream } = randomHistories(SEED, HISTORIES);
  r.run(["fast-import", "--quiet", "--done"], { input: stream });
  using rebases = new TestRepository(mkdtempSync(join(tmpdir(), "patch-moi-rebases-")));
  rebases.git("clone", "--quiet", "--no-checkout", r.dir, ".");
  rebases.git("fetch", "--quiet", "origin", "refs/heads/*:refs/heads/*");
  let clean = 0;
  let stopped = 0;
  for (const history of histories) {
    const report = await r.report(history.fork, history.upstream);
    const context = `seed ${history.seed}\n${history.told.join("\n")}\n${JSON.stringify(report.patches, null, 1)}`;
    const kept = report.counts.carried + report.counts.adapted;
    const explained = report.counts.upstreamed + report.counts.empty + report.counts.dropped + report.counts.conflicted;
    const own = r.git("rev-list", "--count", "--first-parent", history.fork, `^${history.upstream}`);
    expect(kept + explained, context).toBe(Number(own));
    const stops = rebase(rebases, history, report);
    if (history.hasMerge) {
      // git rebase takes merges apart: where it stops, the stops are at other commits than ours.
      if (stops.conflicts.length > 0) continue;
    } else expect(stops.conflicts, context).toEqual(conflictsOf(report));
    if (report.result === null) stopped += 1;
    else {
      expect(report.result.tree, context).toBe(stops.tree);
      clean += 1;
    }
  }
  console.log(`seed ${SEED}: ${clean} replayed clean, ${stopped} with conflicts, of ${HISTORIES}`);
  expect(clean).toBeGreaterThan(0);
});

type Conflicts = [oid: string, paths: string[]][];

/** Rebases and skips each patch that stops it: what we do with a patch that conflicts, we have left out too. */
function rebase(
  repository: TestRepository,
  history: RandomHistory,
  report: StackReport,
): { conflicts: Conflicts; tree: string } {
  repository.git("checkout", "--quiet", "--force", "--detach", history.fork);
  repository.git("clean", "--quiet", "--force", "-d");
  const conflicts: Conflicts = [];
  let step = repository.attempt("rebase", "--quiet", "--reapply-cherry-picks", history.upstream);
  while (!step.ok) {
    const oid = repository.oid("REBASE_HEAD");
    const unmerged = repository.git("ls-files", "--unmerged", "-z").split("\0");
    const paths = unmerged.filter((line) => line !== "").map((line) => withoutSide(line.split("\t")[1] ?? ""));
    // Upstream has it and went on: git stops here, we need not.
    const isUpstreamed = report.patches.some((patch) => patch.oid === oid && patch.outcome === "upstreamed");
    if (!isUpstreamed) conflicts.push([oid, [...new Set(paths)].sort()]);
    step = repository.attempt("rebase", "--skip");
  }
  return { conflicts, tree: repository.git("rev-parse", "HEAD^{tree}") };
}

function withoutSide(path: string): string {
  return path.replace(/~.*$/, "");
}

function conflictsOf(report: StackReport): Conflicts {
  return report.patches.flatMap((patch): Conflicts => {
    const paths = patch.conflicts?.map((conflict) => conflict.path) ?? [];
    return patch.outcome === "conflicted" ? [[patch.oid, paths.sort()]] : [];
  });
}
