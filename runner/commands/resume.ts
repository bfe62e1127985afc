/**
 * `patch.moi resume`
 *
 * @module
 */
import { type Command, Option } from "commander";
import { usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { actOnAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";
import { abortLocally, beginLocally, continueLocally } from "./resume-local.ts";

type ResumeOptions = {
  note?: string;
  ref?: string;
  local?: boolean;
  dir?: string;
  continue?: boolean;
  abort?: boolean;
};

export function registerResume(program: Command): void {
  program
    .command("resume")
    .description("go on with an attempt after a person has acted, or resolve its conflicts here with --local")
    .argument("<attempt>", "attempt id, for example web.12")
    .option("--note <text>", "what was done; names patches that were dropped on purpose")
    .option("--ref <branch>", "branch or commit in the fork: the new base plus the resolved patches")
    .addOption(new Option("--local", "resolve the conflicts in a folder here, with your own tools").conflicts("ref"))
    .option("--dir <folder>", "with --local: the folder (patch-moi-<attempt> when not given)")
    .addOption(
      new Option("--continue", "with --local: go on; at the end push the branch and resume").conflicts("abort"),
    )
    .option("--abort", "with --local: remove the folder")
    .addHelpText(
      "after",
      examples([
        "resume web.12 --local",
        "resume web.12 --local --continue",
        'resume web.12 --ref resolved/v2 --note "kept our retry, theirs is gone"',
        'resume web.12 --note "fork is writable again"',
      ]),
    )
    .action(async (id: string, options: ResumeOptions, self: Command) => {
      const session = Session.of(self);
      const { note, ref, dir } = options;
      if (options.local === true) {
        if (options.abort === true) return abortLocally(session, id, dir);
        if (options.continue === true) return continueLocally(session, id, { dir, note });
        return beginLocally(session, id, dir);
      }
      if (dir !== undefined || options.continue === true || options.abort === true)
        throw usageFailure("--dir, --continue and --abort go with --local");
      if (note === undefined) throw usageFailure("say what was done with --note TEXT, or resolve it here with --local");
      return actOnAttempt(session, id, "resume", { note, resolvedRef: ref });
    });
}
