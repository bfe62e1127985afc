/**
 * `patch.moi run harness`: the rehearsal, everything on this machine.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { flowEventId } from "../../worker/contract/flow-event.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { ofInput } from "./event-file.ts";
import { handEvent } from "./hand-event.ts";
import { examples } from "./list.ts";

const REHEARSAL = fileURLToPath(new URL("../../harness/rehearsal/main.ts", import.meta.url));

/** The first release that the rehearsal's upstream makes. */
const RELEASE = {
  id: flowEventId("lantern-project/lantern", "v1.1.0", "upstream.release"),
  type: "upstream.release",
  payload: {
    repo: { owner: "lantern-project", name: "lantern", fullName: "lantern-project/lantern" },
    entry: { entryId: "v1.1.0", tag: "v1.1.0" },
  },
};

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
    .addOption(new Option("--dry-run", "say what it would do, and stop").conflicts("recordOnly"))
    .option("--record-only", "record a release of the rehearsal's upstream at the server, and start no work")
    .option("--local", "play it on this machine, which is what it does anyway")
    .option("--keep", "leave everything running at the end")
    .addHelpText("after", examples(["run harness", "run harness --dry-run", "run harness --json"]))
    .action(async (options: { dryRun?: boolean; recordOnly?: boolean; keep?: boolean }, self: Command) => {
      const session = Session.of(self);
      if (options.recordOnly === true) return handEvent(session, ofInput(RELEASE), { recordOnly: true });
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
