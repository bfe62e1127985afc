/**
 * `patch.moi resume ATT --local`: an attempt's conflicts in a folder of the operator's, in a rebase
 * that they go through with their own tools; then the resolved branch pushed and the attempt resumed.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "@hono/zod-openapi";
import { AttemptDetail } from "../../worker/contract/attempt.ts";
import { Stack } from "../../worker/contract/stack.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure } from "../client/command-failure.ts";
import type { Session } from "../client/session.ts";
import { accountResolved } from "../git/account.ts";
import { AttemptAnswer, describeAttempt } from "./attempt-action.ts";
import { operatorGit, operatorGitText } from "./operator-git.ts";
import { makeClone } from "./resolution-clone.ts";
import { findFolder, newFolder, type ResolutionFolder, writeState } from "./resolution-folder.ts";
import { beginRebase, goOn, isRebasing, type Stop } from "./resolution-rebase.ts";

const DEFAULT_NOTE = "resolved with patch.moi resume --local";

export async function beginLocally(session: Session, attemptId: string, dir: string | undefined): Promise<void> {
  const api = session.api();
  const folder = newFolder(attemptId, dir);
  const detail = await api.request({ path: ["maintenance-attempts", attemptId], answer: AttemptDetail });
  const { attempt, report } = detail.value;
  if (attempt.status !== "needs_intervention")
    throw new CommandFailure("not_waiting", `${attemptId} is ${attempt.status} and waits for nobody`);
  if (report === null)
    throw new CommandFailure(
      "no_report",
      `${attemptId} did not come as far as a replay (${attempt.reason?.message ?? "no reason given"}); mend that, then resume without --local`,
    );
  const found = await api.request({ path: ["stacks", attempt.stackId], answer: z.object({ stack: Stack }) });
  const localBranch = `resolve-${attempt.number}`;
  const resolvedRef = `patch-moi-resolved/${attemptId}`;
  const made: ResolutionFolder = {
    dir: folder,
    state: { v: 1, attemptId, localBranch, resolvedRef, report, standIns: {} },
  };
  try {
    await session.watch("fetching", makeClone(folder, found.value.stack, report, localBranch));
    await session.watch("rebasing", beginRebase(made));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  writeState(made);
  const stop = await goOn(made);
  if (stop !== undefined) return sayStop(session, made, stop);
  session.answer({ stage: "finished", dir: folder }, () =>
    [
      `${attemptId}: nothing conflicts here. The rebased branch is in ${shown(folder)}; change what is to be changed there.`,
      "",
      nextSteps(attemptId, ["commit (or amend, or git rebase -i) what you change"]),
    ].join("\n"),
  );
}

export async function continueLocally(
  session: Session,
  attemptId: string,
  given: { dir?: string; note?: string },
): Promise<void> {
  const folder = findFolder(attemptId, given.dir);
  const stop = await goOn(folder);
  if (stop !== undefined) {
    sayStop(session, folder, stop);
    throw new CommandFailure("conflict", `'${stop.subject}' is not resolved yet; nothing was pushed`);
  }
  const note = given.note ?? DEFAULT_NOTE;
  const oid = await finished(folder, note);
  await push(folder, oid);
  const { resolvedRef } = folder.state;
  const answer = await session.watch(
    `resuming ${attemptId}`,
    session.api().request({
      method: "POST",
      path: ["maintenance-attempts", attemptId, "resume"],
      body: { note, resolvedRef },
      answer: AttemptAnswer,
    }),
  );
  session.answer({ stage: "resumed", dir: folder.dir, resolvedRef, oid, ...answerObject(answer.raw) }, () =>
    [
      `pushed ${oid.slice(0, 12)} to ${resolvedRef} in the fork`,
      describeAttempt(answer.value.attempt),
      `Next: \`patch.moi show ${attemptId}\`; when it is done, \`patch.moi resume ${attemptId} --local --abort\` removes ${shown(folder.dir)}.`,
    ].join("\n"),
  );
}

/** Removes the folder; what was pushed stays where it is. */
export function abortLocally(session: Session, attemptId: string, dir: string | undefined): void {
  const folder = findFolder(attemptId, dir);
  rmSync(folder.dir, { recursive: true, force: true, maxRetries: 3 });
  session.answer({ stage: "aborted", dir: folder.dir }, () => `removed ${folder.dir}; the attempt is as it was`);
}

/** The resolved commit, once it is one that the runner will take too. */
async function finished({ dir, state }: ResolutionFolder, note: string): Promise<string> {
  if (isRebasing(dir)) throw new CommandFailure("rebase_running", `the rebase in ${dir} is not finished`);
  const dirty = await operatorGitText(dir, ["status", "--porcelain", "--untracked-files=no"]);
  if (dirty !== "")
    throw new CommandFailure("not_committed", `${dir} has changes that are not committed; commit or discard them`);
  const oid = await operatorGitText(dir, ["rev-parse", "--verify", "HEAD^{commit}"]);
  const { report } = state;
  const accounted = await accountResolved({
    gitDir: join(dir, ".git"),
    stackId: report.stackId,
    branch: report.branch,
    headOid: report.head.oid,
    base: report.base.oid,
    onto: report.onto,
    resolvedOid: oid,
    note,
  });
  if (accounted.ok) return oid;
  const { code, message } = accounted.reason;
  throw new CommandFailure(code, message.replace("in the note", "with --note"));
}

/** With what the branch is expected to be: nothing, or what we pushed before. */
async function push(folder: ResolutionFolder, oid: string): Promise<void> {
  const { dir, state } = folder;
  const ref = `refs/heads/${state.resolvedRef}`;
  const there = (await operatorGitText(dir, ["ls-remote", "origin", ref])).split("\t")[0] ?? "";
  if (there !== oid) {
    if (there !== (state.pushed ?? ""))
      throw new CommandFailure(
        "resolved_ref_taken",
        `the fork's ${state.resolvedRef} holds another commit (${there.slice(0, 12) || "none"}); delete it there, then --continue again`,
      );
    await operatorGit(dir, ["push", "--quiet", `--force-with-lease=${ref}:${there}`, "origin", `${oid}:${ref}`]);
  }
  state.pushed = oid;
  writeState(folder);
}

function sayStop(session: Session, { dir, state }: ResolutionFolder, stop: Stop): void {
  const patch = state.report.patches.find(({ oid }) => oid === stop.oid);
  const lines = [`${state.attemptId}: '${stop.subject}' conflicts (${stop.number} of ${stop.of})`];
  for (const path of stop.unmerged) {
    const known = patch?.conflicts?.find((one) => one.path === path);
    lines.push(`  ${colors.yellow(path)}${known === undefined ? "" : `  (${known.kind})`}`);
    for (const { oid, subject } of known?.upstreamCommits.slice(0, 5) ?? [])
      lines.push(`    upstream ${oid.slice(0, 12)} ${subject}`);
  }
  for (const path of stop.marked) lines.push(`  ${colors.red(path)}  (added with conflict markers in it)`);
  const steps = [
    `cd ${shown(dir)}`,
    "resolve the files with your own tools, and git add them",
    "(a patch that is not wanted any more: git rebase --skip, and name it in --note at the end)",
  ];
  session.answer({ stage: "conflict", dir, ...stop }, () =>
    [...lines, "", nextSteps(state.attemptId, steps)].join("\n"),
  );
}

function nextSteps(attemptId: string, steps: readonly string[]): string {
  return [
    "Next:",
    ...steps.map((step) => `  ${step}`),
    `  patch.moi resume ${attemptId} --local --continue`,
    `Or give up: patch.moi resume ${attemptId} --local --abort`,
  ].join("\n");
}

function shown(dir: string): string {
  const near = relative(process.cwd(), dir);
  return near === "" || near.startsWith("..") ? dir : near;
}

function answerObject(raw: unknown): object {
  return typeof raw === "object" && raw !== null ? raw : {};
}
