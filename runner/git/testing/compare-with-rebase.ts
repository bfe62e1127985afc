/**
 * Random histories, replayed by us and by `git rebase --reapply-cherry-picks`.
 *
 * `PATCH_MOI_HISTORIES` says how many, `PATCH_MOI_SEED` from which seed on.
 *
 * @module
 */
import { expect } from "vitest";
import type { StackReport } from "../../../worker/contract/report.ts";
import { replayStack } from "../replay.ts";
import { randomHistories } from "./random-history.ts";
import { type Rebased, Rebaser } from "./rebaser.ts";
import { TestRepository } from "./test-repository.ts";

const HISTORIES = Number(process.env.PATCH_MOI_HISTORIES ?? 500);
const SEED = Number(process.env.PATCH_MOI_SEED ?? Math.floor(Date.now() / 86_400_000) * 1000);
/** One has git rebase while another has us replay. */
const LANES = 2;

export type Seeds = { from: number; count: number; to: number };

/** Half of the histories: two test files, so that two cores share them. */
export function seedsOf(half: "first" | "second"): Seeds {
  const count = half === "first" ? Math.ceil(HISTORIES / 2) : Math.floor(HISTORIES / 2);
  const from = half === "first" ? SEED : SEED + HISTORIES - count;
  return { from, count, to: from + count - 1 };
}

/** Expects of every history what git rebase makes of it, and that every patch is accounted for. */
export async function compareWithRebase({ from, count }: Seeds): Promise<{ clean: number; stopped: number }> {
  using r = TestRepository.init();
  const { histories, stream } = randomHistories(from, count);
  r.run(["fast-import", "--quiet", "--done"], { input: stream });
  const oids = refs(r);
  const counts = { clean: 0, stopped: 0 };
  // Each lane takes the next history when it is done with one.
  const next = histories[Symbol.iterator]();
  const lane = async () => {
    using rebaser = new Rebaser(r);
    const same: { head: string; tree: string; context: string }[] = [];
    for (const history of { [Symbol.iterator]: () => next }) {
      const [fork, upstream] = [oids.get(history.fork) ?? "", oids.get(history.upstream) ?? ""];
      const report = await reportOf(r, history.fork, fork, upstream);
      const context = `seed ${history.seed}\n${history.told.join("\n")}\n${JSON.stringify(report.patches, null, 1)}`;
      expect(accounted(report), context).toBe(history.patches);
      const rebased = await rebaser.rebase(fork, upstream);
      const conflicts = conflictsOfRebase(rebased, report);
      if (history.hasMerge) {
        // git rebase takes merges apart: where it stops, the stops are at other commits than ours.
        if (conflicts.length > 0) continue;
      } else expect(conflicts, context).toEqual(conflictsOf(report));
      if (report.result === null) counts.stopped += 1;
      else {
        counts.clean += 1;
        same.push({ head: rebased.head, tree: report.result.tree, context });
      }
    }
    const trees = rebaser.treesOf(same.map(({ head }) => head));
    for (const { head, tree, context } of same) expect(tree, context).toBe(trees.get(head));
  };
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return counts;
}

function refs(r: TestRepository): Map<string, string> {
  const lines = r.git("for-each-ref", "--format=%(refname) %(objectname)").split("\n");
  return new Map(lines.map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]));
}

async function reportOf(r: TestRepository, branch: string, headOid: string, oid: string): Promise<StackReport> {
  const onto = { ref: "refs/heads/upstream", oid };
  const answer = await replayStack({ gitDir: r.gitDir, stackId: "test", branch, headOid, onto });
  if (!answer.ok) throw new Error(`${branch}: ${answer.reason.message}`);
  return answer.report;
}

/** Kept and explained patches. */
function accounted({ counts }: StackReport): number {
  const kept = counts.carried + counts.adapted;
  return kept + counts.upstreamed + counts.empty + counts.dropped + counts.conflicted;
}

type Conflicts = [oid: string, paths: string[]][];

/** What stopped the rebase, but for patches that upstream has and went on from: git stops there, we need not. */
function conflictsOfRebase({ stops }: Rebased, report: StackReport): Conflicts {
  const upstreamed = new Set(report.patches.filter((p) => p.outcome === "upstreamed").map((p) => p.oid));
  return stops
    .filter(({ oid }) => !upstreamed.has(oid))
    .map(({ oid, paths }) => [oid, [...new Set(paths.map(withoutSide))].sort()]);
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
