/**
 * `patch.moi runner once`: at most one job.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { describeDelivery, runOnce } from "../job/runner-loop.ts";
import { examples } from "./list.ts";
import { addRunnerOptions, type RunnerCommandOptions, runnerOptions } from "./runner-session.ts";

export function registerRunnerOnce(runner: Command): void {
  const once = runner
    .command("once")
    .description("take at most one job (or, when none waits, one forecast that is due), do it, and end")
    .option("--wait <seconds>", "how long to wait for one", parseSeconds, 0);
  addRunnerOptions(once)
    .addHelpText("after", examples(["runner once", "runner once --wait 60 --json"]))
    .action(async (given: RunnerCommandOptions & { wait: number }, self: Command) => {
      const session = Session.of(self);
      const { options, signals } = runnerOptions(session, given);
      const end = await runOnce(options, given.wait).finally(signals.dispose);
      if (end === undefined) return session.answer({ claimed: false }, () => "nothing to do");
      if ("stackId" in end) {
        const { stackId, result, reported } = end;
        const said = result.reason === undefined ? "made" : `failed (${result.reason.code})`;
        session.answer({ claimed: true, forecast: result, reported }, () => `forecast of ${stackId}: ${said}`);
        if (!reported) throw new CommandFailure("not_reported", "the server did not take the forecast");
        return;
      }
      const { attemptId, result, delivery } = end;
      session.answer({ claimed: true, attemptId, outcome: result?.outcome, reason: result?.reason, delivery }, () =>
        result === undefined ? `${attemptId}: not reported` : `${attemptId}: ${result.outcome}`,
      );
      if (delivery.kind === "refused" || delivery.kind === "unanswered")
        throw new CommandFailure("not_reported", describeDelivery(delivery));
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 86_400)
    throw new InvalidArgumentError("give seconds, 0 to 86400");
  return seconds;
}
