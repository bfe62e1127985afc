/**
 * `patch.moi forecast`: what would become of a branch's patches on another base. Changes nothing.
 *
 * @module
 */
import type { Command } from "commander";
import type { StackReport } from "../../worker/contract/report.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { GitError } from "../git/git-error.ts";
import { type LocalReplay, type LocalReplayRequest, localReplay } from "../git/local-replay.ts";
import { conflictCount } from "../job/conflict-message.ts";
import { reportLines } from "./attempt-text.ts";
import { examples } from "./list.ts";

export type LocalStackOptions = { repo: string; branch: string; onto: string; base?: string };

export function registerForecast(program: Command): void {
  withStackOptions(program.command("forecast"))
    .description("say what would become of a branch's patches on a new base; changes nothing")
    .addHelpText(
      "after",
      examples([
        "forecast --branch fork --onto v2.1.0",
        "forecast --repo ../fork --branch fork --onto upstream/main --json",
      ]),
    )
    .action(async (options: LocalStackOptions, self: Command) => {
      const session = Session.of(self);
      const { report, alreadyThere } = await replayWatched(session, options, "forget");
      session.answer(report, () => [...reportLines(report), "", verdict(report, alreadyThere)].join("\n").trimStart());
    });
}

/** The options that say which stack of which repository. */
export function withStackOptions(command: Command): Command {
  return command
    .requiredOption("--repo <dir>", "the repository", ".")
    .requiredOption("--branch <branch>", "the branch that holds the patches")
    .requiredOption(
      "--onto <ref>",
      "the tag, branch or commit to carry them onto, as git names commits: v2.1.0, upstream/main~3",
    )
    .option("--base <ref>", "where the branch stands on upstream now (found by merge-base when absent)");
}

/** A replay that shows how far it is. @throws {CommandFailure} with the engine's or git's own code. */
export function replayWatched(
  session: Session,
  options: LocalStackOptions,
  objects: "keep" | "forget",
): Promise<LocalReplay> {
  let at = "reading the stack";
  const onProgress = (done: number, total: number) => {
    at = done < total ? `replaying patch ${done + 1} of ${total}` : "accounting for the patches";
  };
  return session.watch(() => at, replayLocally({ ...options, expressions: true, objects, onProgress }));
}

async function replayLocally(options: LocalReplayRequest): Promise<LocalReplay> {
  const answer = await localReplay(options).catch((error: unknown) => {
    throw asCommandFailure(error, options.repo);
  });
  if (answer.ok) return answer.replay;
  const { code, message } = answer.reason;
  throw new CommandFailure(code, message, code === "bad_ref_name" ? 2 : 1);
}

/** What git says of itself, with the folder it was about. */
export function asCommandFailure(error: unknown, repo: string): unknown {
  if (!(error instanceof GitError)) return error;
  if (error.code === "git_missing")
    return new CommandFailure(
      error.code,
      `git cannot be started in '${repo}'; is git installed, and does the folder exist?`,
    );
  if (error.code === "not_a_repository")
    return new CommandFailure(error.code, `'${repo}' is not a git repository that may be read; name one with --repo`);
  return new CommandFailure(error.code, error.message);
}

function verdict(report: StackReport, alreadyThere: boolean): string {
  const { counts } = report;
  if (alreadyThere) return colors.green(`${report.branch} stands on ${report.onto.ref} already: nothing to do`);
  if (counts.conflicted > 0)
    return [
      colors.yellow(
        `${conflictCount(counts.conflicted, report.patches.length)} with ${report.onto.ref}: a person is needed`,
      ),
      "On a copy of the branch git stops where they do:",
      `  git switch --create resolving ${report.head.oid.slice(0, 12)}`,
      `  git rebase --onto ${report.onto.oid.slice(0, 12)} ${report.base.oid.slice(0, 12)}`,
    ].join("\n");
  return colors.green(`everything carries: \`patch.moi rebase\` with the same options does it`);
}
