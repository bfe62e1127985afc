/**
 * `patch.moi run harness`: the rehearsal, everything on this machine.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { examples } from "./list.ts";

const REHEARSAL = fileURLToPath(new URL("../../harness/rehearsal/main.ts", import.meta.url));

/** What the rehearsal plays, in its order. */
const PLAN = [
  "start the Worker, a Git server with upstream and fork, and one runner, all on loopback",
  "register a stack and its source; the first poll starts nothing",
  "a release that the stack follows cleanly: changed, a candidate is pushed",
  "replay it: the same object ids",
  "land the candidate; replaying the event now ends completed",
  "a release that has one of the patches: reported upstreamed, the rest carried; land",
  "a release that conflicts: needs_intervention; a resolution is pushed, resume, land",
  "a release whose verification fails: needs_intervention; dismiss with a note",
  "two releases in one poll: the newer goes ahead, the older is superseded",
] as const;

export function registerRunHarness(run: Command): void {
  run
    .command("harness")
    .description("rehearse the main job on this machine, with no account")
    .option("--dry-run", "say what it would do, and stop")
    .option("--keep", "leave everything running at the end")
    .addHelpText("after", examples(["run harness", "run harness --dry-run", "run harness --json"]))
    .action(async (options: { dryRun?: boolean; keep?: boolean }, self: Command) => {
      const session = Session.of(self);
      const args = [
        REHEARSAL,
        ...(session.settings.json ? ["--json"] : []),
        ...(options.keep === true ? ["--keep"] : []),
      ];
      if (options.dryRun === true)
        return session.answer({ command: ["node", ...args], steps: PLAN }, () =>
          PLAN.map((step, index) => `${index}. ${step}`).join("\n"),
        );
      if (!existsSync(REHEARSAL))
        throw new CommandFailure(
          "no_harness",
          "the rehearsal is not part of this installation; run it from the repository",
        );
      const code = await new Promise<number | null>((resolve, reject) => {
        const child = spawn(process.execPath, args, { stdio: "inherit" });
        child.once("error", reject);
        child.once("exit", resolve);
      });
      if (code !== 0)
        throw new CommandFailure("rehearsal_failed", "the rehearsal saw something else than expected; see above");
    });
}
