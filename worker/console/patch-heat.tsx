/**
 * The patches of a stack's last report, each with a strip of what became of it in the reports before:
 * where a stack hurts is seen at a glance.
 *
 * @module
 */
import type { PatchOutcome } from "../contract/report.ts";
import type { PastReport } from "../store/stack-record.ts";
import { count, path, shortRef } from "./words.tsx";

/** A cell of a strip, in pixels. */
const CELL = { width: 9, height: 12, gap: 1 };

type Heat = "carried" | "adapted" | "conflicted" | "gone";

const HEATS: Record<PatchOutcome, Heat> = {
  carried: "carried",
  adapted: "adapted",
  conflicted: "conflicted",
  upstreamed: "gone",
  empty: "gone",
  dropped: "gone",
};

export function PatchHeat({ reports }: { reports: readonly PastReport[] }) {
  const [last] = reports;
  if (last === undefined) return null;
  const history = reports
    .toReversed()
    .map((report) => new Map(report.patches.map((patch) => [keyOf(patch), patch[2]])));
  return (
    <section aria-labelledby="heat-title">
      <h2 id="heat-title">Patches</h2>
      <p class="lead">
        As of <a href={path.attempt(last.attemptId)}>the last report</a>, onto <code>{shortRef(last.onto)}</code>; each
        strip is the last {count(reports.length, "report")}, oldest first.
      </p>
      <div class="key">
        {(["carried", "adapted", "conflicted", "gone"] as const).map((heat) => (
          <span>
            <svg class="heat" width={CELL.width} height={CELL.height} role="img" aria-label={heat}>
              <path class={heat} d={cell(0)} />
            </svg>
            {heat === "gone" ? "upstreamed, empty or dropped" : heat}
          </span>
        ))}
      </div>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Patch</th>
            <th scope="col">Now</th>
            <th scope="col">Conflicts</th>
            <th scope="col">Over time</th>
          </tr>
        </thead>
        <tbody>
          {last.patches.map((patch) => {
            const outcomes = history.map((report) => report.get(keyOf(patch)));
            const conflicts = outcomes.filter((outcome) => outcome === "conflicted").length;
            return (
              <tr>
                <td>{patch[0]}</td>
                <td data-th="Now">{patch[2]}</td>
                <td data-th="Conflicts" class={conflicts === 0 ? "soft" : "warn"}>
                  {conflicts} of {outcomes.filter((outcome) => outcome !== undefined).length}
                </td>
                <td>
                  <Strip outcomes={outcomes} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** A patch keeps its subject and the time it was written through every rebase. */
function keyOf([subject, authoredAt]: PastReport["patches"][number]): string {
  return `${authoredAt} ${subject}`;
}

function Strip({ outcomes }: { outcomes: readonly (PatchOutcome | undefined)[] }) {
  const paths = new Map<Heat, string>();
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome === undefined) continue;
    const heat = HEATS[outcome];
    paths.set(heat, `${paths.get(heat) ?? ""}${cell(i)}`);
  }
  const width = outcomes.length * (CELL.width + CELL.gap);
  const said = outcomes.map((outcome) => outcome ?? "not there").join(", ");
  return (
    <svg class="heat" width={width} height={CELL.height} role="img" aria-label={said}>
      {[...paths].map(([heat, d]) => (
        <path class={heat} d={d} />
      ))}
    </svg>
  );
}

function cell(i: number): string {
  return `M${i * (CELL.width + CELL.gap)} 0h${CELL.width}v${CELL.height}h-${CELL.width}z`;
}
