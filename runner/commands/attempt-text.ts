/**
 * An attempt and an event as text that fits 80 columns.
 *
 * @module
 */
import type { AttemptDetail, EarlierReport, TimelineEntry } from "../../worker/contract/attempt.ts";
import {
  conflictedPatches,
  countsInWords,
  type PatchReport,
  type StackReport,
  type VerifyResult,
} from "../../worker/contract/report.ts";
import { colors } from "../client/colors.ts";
import { age, count, cut, shortRef, statusWord, table, wrap } from "../client/table.ts";
import type { EventDetail } from "./event-detail.ts";

const WIDTH = 80;

export function describeAttemptDetail(detail: AttemptDetail, now: number): string {
  const { attempt, report, earlierReports, timeline, progress } = detail;
  const lines = [
    `${colors.bold(attempt.id)}  ${statusWord(attempt.status)}  ${colors.dim(age(attempt.createdAt, now))}`,
  ];
  lines.push(...field("operation", `${attempt.operation} onto ${shortRef(attempt.onto)}`));
  lines.push(...field("event", attempt.eventId));
  if (attempt.reason !== undefined) lines.push(...field("reason", `${attempt.reason.code}: ${attempt.reason.message}`));
  if (attempt.runner !== undefined) lines.push(...field("runner", `${attempt.runner.name} ${attempt.runner.version}`));
  if (attempt.resume !== undefined) lines.push(...field("resumed", attempt.resume.note));
  if (attempt.relatedAttemptId !== undefined) lines.push(...field("related", attempt.relatedAttemptId));
  if (attempt.nextActionAt !== undefined) lines.push(...field("next", attempt.nextActionAt));
  if (progress !== undefined && attempt.status === "running") {
    const done = progress.total === undefined ? "" : ` ${progress.done ?? 0}/${progress.total}`;
    lines.push(...field("doing", `${progress.stage}${done}, ${age(progress.at, now)} ago`));
  }
  for (const candidate of attempt.candidates)
    lines.push(...field("candidate", `${candidate.ref} at ${candidate.oid.slice(0, 12)}`));
  if (report !== null) lines.push(...reportLines(report));
  for (const earlier of earlierReports ?? []) lines.push(...earlierLines(earlier, now));
  if (timeline.length > 0) lines.push("", colors.bold("Timeline"), ...timeline.flatMap(timelineLines));
  return lines.join("\n");
}

export function describeEvent({ event, attempts, dispatches }: EventDetail, now: number): string {
  const { entry, repo } = event.payload;
  const lines = [...wrap(event.id, WIDTH)];
  lines.push(...field("type", `${event.type}, ${age(event.receivedAt, now)} ago`));
  if (repo?.fullName !== undefined) lines.push(...field("upstream", repo.fullName));
  if (entry.title !== undefined) lines.push(...field("title", entry.title));
  if (entry.tag !== undefined) lines.push(...field("tag", entry.tag));
  if (entry.ref !== undefined) lines.push(...field("ref", entry.ref));
  if (entry.sha !== undefined) lines.push(...field("commit", entry.sha));
  if (entry.url !== undefined) lines.push(...field("url", entry.url));
  lines.push(...field("stacks", event.stackIds.join(", ") || "none"));
  if (attempts.length > 0) lines.push("", colors.bold("Attempts"));
  for (const attempt of attempts) {
    lines.push(`  ${attempt.id}  ${attempt.operation}  ${statusWord(attempt.status)}`);
    if (attempt.reason !== undefined) lines.push(...indent(attempt.reason.message, 4));
  }
  if (dispatches.length > 0) lines.push("", colors.bold("Dispatches"));
  for (const dispatch of dispatches)
    lines.push(`  ${dispatch.id}  ${dispatch.driver}  ${dispatch.status}  ${dispatch.outcome ?? ""}`.trimEnd());
  return lines.join("\n");
}

/** The report of a stack: what became of each patch, and why. */
export function reportLines(report: StackReport): string[] {
  const lines = ["", colors.bold(`Patches of ${report.branch}`)];
  lines.push(
    ...indent(`onto ${report.onto.ref} (${report.onto.oid.slice(0, 12)}): ${countsInWords(report.counts)}`, 2),
  );
  lines.push(
    ...indent(
      `${count(report.drift.commitsBehind, "commit")} and ${count(Math.round(report.drift.daysBehind), "day")} behind`,
      2,
    ),
  );
  lines.push(
    table(
      ["OUTCOME", "PATCH", "NEW", "SUBJECT"],
      report.patches.map((patch) => [
        statusWord(patch.outcome),
        patch.oid.slice(0, 9),
        patch.newOid?.slice(0, 9) ?? "-",
        cut(patch.subject, WIDTH - 2 - 10 - 2 - 9 - 2 - 9 - 2),
      ]),
      "  ",
    ),
  );
  lines.push(...report.patches.flatMap(notes));
  const conflicted = conflictedPatches(report);
  if (conflicted.length > 0)
    lines.push("", colors.bold("Conflicts"), ...conflicted.flatMap((patch) => conflictLines(patch, report)));
  lines.push(...verifyLines("Verification", report.verify));
  if (report.firstFailingPatch !== undefined)
    lines.push(...indent(`fails from patch ${report.firstFailingPatch.slice(0, 9)} on`, 2));
  lines.push(...verifyLines("Verification of upstream alone", report.baseline ?? []));
  for (const warning of report.warnings) lines.push(...field("warning", warning));
  return lines;
}

/** What a result before the last said: its conflicts are what somebody resolved since. */
function earlierLines({ epoch, at, report }: EarlierReport, now: number): string[] {
  const conflicted = conflictedPatches(report);
  return [
    "",
    colors.bold(`Before it was handed over again (hand-over ${epoch}, ${age(at, now)} ago)`),
    ...indent(`onto ${report.onto.ref} (${report.onto.oid.slice(0, 12)}): ${countsInWords(report.counts)}`, 2),
    ...conflicted.flatMap((patch) => conflictLines(patch, report)),
  ];
}

function notes(patch: PatchReport): string[] {
  const upstream = patch.upstreamOid?.slice(0, 12);
  // Of a conflicting patch the upstream commit only looks like it.
  const match = patch.outcome === "conflicted" ? `perhaps ${upstream} upstream` : `upstream has it as ${upstream}`;
  const isTold = upstream === undefined || patch.note?.includes(upstream) === true;
  const words = [...(patch.note === undefined ? [] : [patch.note]), ...(isTold ? [] : [match])];
  return words.length === 0 ? [] : indent(`${patch.oid.slice(0, 9)}: ${words.join("; ")}`, 2).map(colors.dim);
}

function conflictLines(patch: PatchReport, { patches }: StackReport): string[] {
  const lines = indent(`${patch.oid.slice(0, 9)} ${patch.subject}`, 2);
  for (const conflict of patch.conflicts ?? []) {
    lines.push(...indent(`${conflict.path} (${conflict.kind})`, 4));
    const cause = patches.find(({ oid }) => oid === conflict.followsFrom);
    if (cause !== undefined)
      lines.push(
        ...indent(`${cause.outcome === "dropped" ? "needs" : "follows from the conflict of"} ${nameOf(cause)}`, 6),
      );
    for (const commit of conflict.upstreamCommits)
      lines.push(`      upstream ${commit.oid.slice(0, 9)} ${cut(commit.subject, WIDTH - 25)}`);
  }
  return lines;
}

function nameOf({ oid, subject, outcome }: PatchReport): string {
  return `${oid.slice(0, 9)} '${cut(subject, 40)}'${outcome === "dropped" ? ", which was dropped" : ""}`;
}

const OUTPUT_LINES = 12;

function verifyLines(heading: string, results: readonly VerifyResult[]): string[] {
  if (results.length === 0) return [];
  const lines = ["", colors.bold(heading)];
  for (const result of results) {
    const word = result.exitCode === 0 ? colors.green("ok") : colors.red(`exit code ${result.exitCode}`);
    lines.push(`  ${cut(result.command, 52)}  ${word}  ${result.seconds.toFixed(1)} s`);
    if (result.exitCode === 0) continue;
    const output = result.outputTail.trimEnd().split("\n").slice(-OUTPUT_LINES);
    lines.push(...output.map((line) => `    ${cut(line, WIDTH - 4)}`));
  }
  return lines;
}

function timelineLines(entry: TimelineEntry): string[] {
  const at = entry.at.slice(0, 19).replace("T", " ");
  const change = entry.to === undefined ? entry.kind : `${entry.from ?? "new"} -> ${entry.to}`;
  const lines = [`  ${at}  ${cut(change, 30).padEnd(30)}  ${cut(entry.actor, 24)}`];
  if (entry.reason !== undefined) lines.push(...indent(cut(`${entry.reason.code}: ${entry.reason.message}`, 150), 4));
  return lines;
}

function field(name: string, value: string): string[] {
  const [first = "", ...rest] = wrap(value, WIDTH - 12);
  return [`${colors.dim(name.padEnd(12))}${first}`, ...rest.map((line) => `${" ".repeat(12)}${line}`)];
}

function indent(text: string, by: number): string[] {
  return wrap(text, WIDTH - by).map((line) => `${" ".repeat(by)}${line}`);
}
