/**
 * `patch.moi rebase`: carries a branch's patches onto another base in a local repository.
 *
 * No work tree is touched: the branch moves, or another one is made with `--into`. A branch that is
 * checked out is not moved under its work tree.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { isRefName } from "../../worker/contract/primitives.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { DEFAULT_COMMITTER } from "../git/carry.ts";
import type { LocalReplay } from "../git/local-replay.ts";
import { gitText, runGit } from "../git/process.ts";
import { conflictCount } from "../job/conflict-message.ts";
import { reportLines } from "./attempt-text.ts";
import { asCommandFailure, type LocalStackOptions, replayWatched, withStackOptions } from "./forecast.ts";
import { examples } from "./list.ts";

type RebaseOptions = LocalStackOptions & { into?: string };

export function registerRebase(program: Command): void {
  withStackOptions(program.command("rebase"))
    .description("carry a branch's patches onto a new base, all or nothing")
    .option("--into <branch>", "make this branch and leave the other where it is", parseBranch)
    .addHelpText(
      "after",
      examples(["rebase --branch fork --onto v2.1.0", "rebase --branch fork --onto v2.1.0 --into fork-2.1"]),
    )
    .action(async (options: RebaseOptions, self: Command) => {
      const session = Session.of(self);
      const replay = await replayWatched(session, options, "keep");
      const { report, alreadyThere } = replay;
      if (report.result === null) {
        session.answer(report, () => reportLines(report).join("\n").trimStart());
        throw new CommandFailure(
          "conflict",
          `${conflictCount(report.counts.conflicted, report.patches.length)}; '${options.branch}' was not touched`,
        );
      }
      const moved =
        alreadyThere && options.into === undefined
          ? `${options.branch} stands on ${options.onto} already: nothing to do`
          : await moveBranch(replay, report.result.oid, options).catch((error: unknown) => {
              throw asCommandFailure(error, options.repo);
            });
      session.answer(report, () => [...reportLines(report), "", colors.green(moved)].join("\n").trimStart());
    });
}

function parseBranch(value: string): string {
  if (!isRefName(value)) throw new InvalidArgumentError("it is not a name that git accepts for a branch");
  return value;
}

async function moveBranch({ gitDir, branch }: LocalReplay, oid: string, options: RebaseOptions): Promise<string> {
  const ref = `refs/heads/${options.into ?? branch.name}`;
  if (options.into === undefined) await refuseCheckedOut(gitDir, ref, branch.name);
  // What it must be before: the head that was replayed, or nothing at all. git refuses otherwise.
  const expected = options.into === undefined ? branch.oid : "0".repeat(oid.length);
  const env = { GIT_COMMITTER_NAME: DEFAULT_COMMITTER.name, GIT_COMMITTER_EMAIL: DEFAULT_COMMITTER.email };
  const message = `patch.moi: carried onto ${options.onto}`;
  const there = await gitText(["for-each-ref", "--format=%(objectname)", "--", ref], { gitDir });
  if (options.into !== undefined && there === oid) return `${options.into} is at ${oid.slice(0, 12)} already`;
  if (there !== "" && there !== expected)
    throw options.into === undefined
      ? new CommandFailure("ref_moved", `'${branch.name}' moved meanwhile; run the command again`)
      : new CommandFailure("ref_exists", `the branch '${options.into}' exists already; name another with --into`);
  if (there === "" && options.into === undefined)
    throw new CommandFailure("ref_missing", `'${branch.name}' is not a local branch; name a new one with --into`);
  await runGit(["update-ref", "--create-reflog", "-m", message, "--end-of-options", ref, oid, expected], {
    gitDir,
    env,
  });
  return `${options.into ?? branch.name} is now at ${oid.slice(0, 12)}`;
}

async function refuseCheckedOut(gitDir: string, ref: string, branch: string): Promise<void> {
  const list = await gitText(["worktree", "list", "--porcelain", "-z"], { gitDir });
  for (const entry of list.split("\0\0")) {
    const lines = entry.split("\0");
    if (!lines.includes(`branch ${ref}`)) continue;
    const folder = lines.find((line) => line.startsWith("worktree "))?.slice("worktree ".length) ?? "a work tree";
    throw new CommandFailure(
      "branch_checked_out",
      `'${branch}' is checked out in ${folder}: use --into NEW and then \`git reset --keep NEW\` there`,
    );
  }
}
