/**
 * A stack report as the body of a pull request or issue, within the forge's limit.
 *
 * @module
 */
import { forgeRepository } from "../contract/forge.ts";
import type { PatchOutcome, PatchReport, StackReport, VerifyResult } from "../contract/report.ts";
import { type Marker, markerText } from "./marker.ts";
import { codeBlock, codeSpan } from "./upstream-text.ts";

export type BodyFacts = {
  marker: Marker;
  /** First paragraph: what this is and what to do. */
  lead: string;
  /** Undefined where a runner told none. */
  report: StackReport | undefined;
  upstreamUrl: string;
  /** Characters. */
  limit: number;
};

const WORDS: Record<PatchOutcome, string> = {
  carried: "carried",
  adapted: "adapted",
  upstreamed: "dropped: upstream has it",
  empty: "dropped: empty",
  dropped: "dropped",
  conflicted: "**conflict**",
};

/** Left for what says that something was left out. */
const SPARE = 400;

/** What matters most comes first and goes last: the range-diff is left out before the table is cut. */
export function reportBody({ marker, lead, report, upstreamUrl, limit }: BodyFacts): string {
  const head = `${markerText(marker)}\n${lead}`;
  if (report === undefined) return head;
  const link = commitLink(upstreamUrl);
  const rows = report.patches.map((patch) => tableRow(patch, link));
  const table = ["| Patch | Outcome | Note |", "| --- | --- | --- |"];
  let length = head.length + table.join("\n").length + SPARE;
  let shown = 0;
  for (const row of rows) {
    if (length + row.length + 1 > limit) break;
    length += row.length + 1;
    table.push(row);
    shown += 1;
  }
  const left = rows.length - shown;
  const sections = [head, summary(report), table.join("\n")];
  if (left > 0) sections.push(`${left} more patches: \`patch.moi show ${marker.attempt}\`.`);
  length = sections.join("\n\n").length + SPARE;
  const optional = [conflicts(report, link), verification(report.verify), warnings(report), rangeDiff(report)];
  let leftOut = 0;
  for (const section of optional) {
    if (section === undefined) continue;
    if (length + section.length + 2 > limit) {
      leftOut += 1;
      continue;
    }
    length += section.length + 2;
    sections.push(section);
  }
  if (leftOut > 0)
    sections.push(`${leftOut} longer parts did not fit here: \`patch.moi show ${marker.attempt}\` has them.`);
  return sections.join("\n\n");
}

/** `12 carried, 1 adapted, 2 dropped (upstream has them)`. */
export function countsText({ counts }: StackReport): string {
  const parts: [number, string][] = [
    [counts.carried, "carried"],
    [counts.adapted, "adapted"],
    [counts.upstreamed, "already upstream"],
    [counts.empty + counts.dropped, "dropped"],
    [counts.conflicted, "in conflict"],
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return told.length === 0 ? "no patches" : told.join(", ");
}

function summary(report: StackReport): string {
  const { commitsBehind, daysBehind } = report.drift;
  const behind =
    commitsBehind === 0 ? "" : ` The branch was ${commitsBehind} commits (${daysBehind.toFixed(0)} days) behind.`;
  return `Onto ${codeSpan(report.onto.ref)} (${report.onto.oid.slice(0, 12)}): ${countsText(report)}.${behind}`;
}

type Link = (oid: string) => string;

/** Commits of upstreams on well known forges can be looked at; others are named. */
function commitLink(upstreamUrl: string): Link {
  const place = forgeRepository({ url: upstreamUrl });
  return (oid) => {
    const short = oid.slice(0, 12);
    if (!place.ok) return `\`${short}\``;
    const middle = place.repository.kind === "gitlab" ? "/-/commit/" : "/commit/";
    return `[\`${short}\`](${place.repository.webUrl}${middle}${oid})`;
  };
}

function tableRow(patch: PatchReport, link: Link): string {
  const notes: string[] = [];
  if (patch.upstreamOid !== undefined) notes.push(link(patch.upstreamOid));
  if (patch.note !== undefined) notes.push(codeSpan(patch.note.slice(0, 200)));
  if (patch.conflicts !== undefined) notes.push(...patch.conflicts.slice(0, 3).map(({ path }) => codeSpan(path)));
  return `| ${codeSpan(patch.subject.slice(0, 200))} | ${WORDS[patch.outcome]} | ${notes.join(" ")} |`;
}

function conflicts({ patches }: StackReport, link: Link): string | undefined {
  const lines = patches.flatMap((patch) =>
    (patch.conflicts ?? []).flatMap(({ path, kind, upstreamCommits }) => [
      `- ${codeSpan(path)} (${codeSpan(kind)}) in ${codeSpan(patch.subject.slice(0, 200))}`,
      ...upstreamCommits.slice(0, 10).map(({ oid, subject }) => `  - ${link(oid)} ${codeSpan(subject.slice(0, 200))}`),
    ]),
  );
  return lines.length === 0 ? undefined : ["### Conflicts, with the upstream commits behind them", ...lines].join("\n");
}

function verification(results: readonly VerifyResult[]): string | undefined {
  if (results.length === 0) return undefined;
  const lines = results.map(({ command, exitCode, seconds, outputTail }) => {
    const line = `${exitCode === 0 ? "passed" : `**failed (${exitCode})**`} in ${seconds.toFixed(0)} s: ${codeSpan(command.slice(0, 300))}`;
    return exitCode === 0 ? `- ${line}` : `- ${line}\n\n${codeBlock(outputTail.slice(-8000))}`;
  });
  return ["### Verification", ...lines].join("\n");
}

function warnings(report: StackReport): string | undefined {
  if (report.warnings.length === 0) return undefined;
  return ["### Worth a look", ...report.warnings.slice(0, 30).map((text) => `- ${codeSpan(text.slice(0, 400))}`)].join(
    "\n",
  );
}

function rangeDiff(report: StackReport): string | undefined {
  if (report.rangeDiff.trim() === "") return undefined;
  return `<details><summary>Range-diff: how the patches changed</summary>\n\n${codeBlock(report.rangeDiff)}\n\n</details>`;
}
