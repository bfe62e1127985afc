/**
 * The old stack against the new one, as `git range-diff` prints it.
 *
 * @module
 */
import { WITHOUT_LARGE_FILES } from "./large-files.ts";
import type { PatchFate } from "./outcome.ts";
import { gitText } from "./process.ts";
import type { Stack } from "./stack.ts";
import type { Workbench } from "./workbench.ts";

const ABBREVIATED = 7;

/**
 * When every patch that was carried is the same patch as before there is nothing to compare: the
 * lines are written from what is known. Otherwise git compares, so that what was adapted is shown.
 *
 * @param tip the last new commit, also when conflicts left patches out
 */
export async function rangeDiff(
  bench: Workbench,
  stack: Stack,
  fates: readonly PatchFate[],
  tip: string,
): Promise<string> {
  if (!fates.some((fate) => fate.outcome === "adapted")) return knownRangeDiff(fates);
  bench.writer.flush();
  const { options } = bench.quarantine;
  return gitText(
    [
      "range-diff",
      "--no-color",
      "--no-notes",
      // No --end-of-options: git 2.39 takes it for a range. Both ranges begin with an object id.
      `${stack.base.oid}..${stack.head.oid}`,
      `${stack.onto.oid}..${tip}`,
      "--",
    ],
    { ...options, config: { ...options.config, ...WITHOUT_LARGE_FILES } },
  );
}

function knownRangeDiff(fates: readonly PatchFate[]): string {
  const width = String(fates.length).length;
  const nothing = "-".repeat(ABBREVIATED);
  let kept = 0;
  return fates
    .map(({ picked: { patch }, newOid }, index) => {
      const old = `${String(index + 1).padStart(width)}:  ${patch.commit.oid.slice(0, ABBREVIATED)}`;
      if (newOid === undefined) return `${old} < ${"-".padStart(width)}:  ${nothing} ${patch.commit.subject}`;
      kept += 1;
      return `${old} = ${String(kept).padStart(width)}:  ${newOid.slice(0, ABBREVIATED)} ${patch.commit.subject}`;
    })
    .join("\n");
}
