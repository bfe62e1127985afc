/**
 * The stack report as a page: what became of every patch, conflicts, verification, range-diff.
 *
 * @module
 */
import {
  conflictedPatches,
  countsInWords,
  type PatchConflict,
  type PatchOutcome,
  type PatchReport,
  type StackReport,
  type VerifyResult,
} from "../contract/report.ts";
import { RANGE_DIFF_READ } from "../store/attempt-record.ts";
import type { ReportRow } from "../store/rows.ts";
import { count, Listing, Mark, Oid, path, seconds, shortRef, When } from "./words.tsx";

const TONES: Record<PatchOutcome, "good" | "busy" | "warn" | "bad" | "idle"> = {
  carried: "good",
  adapted: "busy",
  upstreamed: "idle",
  empty: "idle",
  dropped: "bad",
  conflicted: "warn",
};

export function StackReportView({ report, attemptId }: { report: StackReport; attemptId: string }) {
  const conflicted = conflictedPatches(report);
  return (
    <>
      <section aria-labelledby="patches-title">
        <h2 id="patches-title">Patches</h2>
        <p class="lead">
          {countsInWords(report.counts)} onto <code>{shortRef(report.onto.ref)}</code> (<Oid of={report.onto.oid} />
          ), {count(report.drift.commitsBehind, "commit")} and {count(Math.round(report.drift.daysBehind), "day")} from
          the old base.
        </p>
        {report.warnings.length === 0 ? null : (
          <ul class="note warn">
            {report.warnings.map((warning) => (
              <li>{warning}</li>
            ))}
          </ul>
        )}
        {conflicted.length === 0 ? null : <Conflicts patches={conflicted} />}
        <PatchTable patches={report.patches} />
      </section>
      <Verification report={report} />
      <RangeDiff report={report} attemptId={attemptId} />
    </>
  );
}

/** What the results before the last said: where a conflict was, before somebody resolved it. */
export function EarlierReports({ of, now }: { of: readonly ReportRow[]; now: number }) {
  if (of.length === 0) return null;
  return (
    <section aria-labelledby="earlier-title">
      <h2 id="earlier-title">Before it was handed over again</h2>
      {of.map(({ epoch, at, report }) => {
        const conflicted = conflictedPatches(report);
        return (
          <details id={`earlier-${epoch}`}>
            <summary>
              Hand-over {epoch}: {countsInWords(report.counts)} onto <code>{shortRef(report.onto.ref)}</code>,{" "}
              <When at={at} now={now} />
            </summary>
            {conflicted.length === 0 ? null : <Conflicts patches={conflicted} />}
            <PatchTable patches={report.patches} />
          </details>
        );
      })}
    </section>
  );
}

function PatchTable({ patches }: { patches: readonly PatchReport[] }) {
  if (patches.length === 0) return null;
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">Patch</th>
          <th scope="col">Was</th>
          <th scope="col">Is</th>
        </tr>
      </thead>
      <tbody>
        {patches.map((patch) => (
          <tr>
            <td class="tight">
              <Mark tone={TONES[patch.outcome]}>{patch.outcome}</Mark>
            </td>
            <td>
              {patch.subject}
              <PatchNote patch={patch} />
            </td>
            <td data-th="Was">
              <code>{patch.oid.slice(0, 12)}</code>
            </td>
            <td data-th="Is">{patch.newOid === undefined ? null : <code>{patch.newOid.slice(0, 12)}</code>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PatchNote({ patch }: { patch: PatchReport }) {
  // Of a conflicting patch the upstream commit only looks like it.
  const upstream =
    patch.upstreamOid === undefined ? null : (
      <>
        {patch.outcome === "conflicted" ? "perhaps upstream’s " : "upstream has it as "}
        <Oid of={patch.upstreamOid} />
      </>
    );
  if (patch.note === undefined && upstream === null) return null;
  return (
    <span class="sub">
      {patch.note}
      {patch.note !== undefined && upstream !== null ? "; " : null}
      {upstream}
    </span>
  );
}

function Conflicts({ patches }: { patches: readonly PatchReport[] }) {
  return (
    <div class="note warn">
      <h3>Conflicts</h3>
      {patches.map((patch) => (
        <div>
          <p>
            <Oid of={patch.oid} /> {patch.subject}
          </p>
          <ul>
            {(patch.conflicts ?? []).map((conflict) => (
              <Conflict conflict={conflict} />
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

function Conflict({ conflict }: { conflict: PatchConflict }) {
  return (
    <li>
      <code>{conflict.path}</code> <span class="chip">{conflict.kind}</span>
      {conflict.followsFrom === undefined ? null : (
        <span class="soft">
          {" "}
          follows from the conflict of <Oid of={conflict.followsFrom} />
        </span>
      )}
      {conflict.upstreamCommits.length === 0 ? null : (
        <ul>
          {conflict.upstreamCommits.map((commit) => (
            <li>
              upstream <Oid of={commit.oid} /> {commit.subject}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function Verification({ report }: { report: StackReport }) {
  if (report.verify.length === 0) return null;
  const { firstFailingPatch, baseline = [] } = report;
  const failing = report.patches.find((patch) => patch.oid === firstFailingPatch);
  return (
    <section aria-labelledby="verify-title">
      <h2 id="verify-title">Verification</h2>
      {failing === undefined ? null : (
        <p>
          It fails from <Oid of={failing.oid} /> {failing.subject} on.
        </p>
      )}
      <Commands results={report.verify} label="Output of" />
      {baseline.length === 0 ? null : (
        <>
          <h3>Upstream alone</h3>
          <Commands results={baseline} label="Output on upstream alone of" />
        </>
      )}
    </section>
  );
}

function Commands({ results, label }: { results: readonly VerifyResult[]; label: string }) {
  return (
    <>
      {results.map(({ command, exitCode, seconds: took, outputTail }) => (
        <div>
          <p>
            {exitCode === 0 ? <Mark tone="good">passed</Mark> : <Mark tone="bad">exit code {exitCode}</Mark>}{" "}
            <code>{command}</code> <span class="soft">{seconds(took)}</span>
          </p>
          {outputTail.trim() === "" ? null : (
            <details open={exitCode !== 0}>
              <summary>Output</summary>
              <Listing label={`${label} ${command}`}>{outputTail}</Listing>
            </details>
          )}
        </div>
      ))}
    </>
  );
}

function RangeDiff({ report, attemptId }: { report: StackReport; attemptId: string }) {
  const { rangeDiff } = report;
  if (rangeDiff === "") return null;
  const shown = rangeDiff.slice(0, RANGE_DIFF_READ);
  const cut = shown.length < rangeDiff.length;
  return (
    <section aria-labelledby="range-diff-title">
      <h2 id="range-diff-title">
        Range-diff{" "}
        <a class="more" href={`${path.attempt(attemptId)}/range-diff`}>
          as text
        </a>
      </h2>
      <details id="range-diff">
        <summary>{cut ? "Show its beginning" : "Show it"}</summary>
        <Listing label="Range-diff" look="diff">
          {shown.split("\n").map((line) => (
            <DiffLine line={line} />
          ))}
        </Listing>
      </details>
    </section>
  );
}

/** A range-diff's inner diff: its lines are indented by four, and the outer sign comes first. */
function DiffLine({ line }: { line: string }) {
  const look = SIGNS.get(line.startsWith("    ") ? line.charAt(4) : "");
  const text = `${line}\n`;
  return look === undefined ? text : <span class={look}>{text}</span>;
}

const SIGNS = new Map([
  ["+", "add"],
  ["-", "del"],
  ["@", "hunk"],
]);
