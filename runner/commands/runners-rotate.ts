/**
 * `patch.moi runners rotate`: gives a runner a new secret while the old one still works.
 *
 * @module
 */
import type { Command } from "commander";
import { RunnerCreated } from "../../worker/contract/identity.ts";
import { Session } from "../client/session.ts";
import { identityPath } from "../job/data-home.ts";
import { loadIdentity, saveIdentity } from "../job/identity.ts";
import { examples } from "./list.ts";
import { parseName } from "./runner-register.ts";

export function registerRunnersRotate(runners: Command): void {
  runners
    .command("rotate")
    .description("give a runner a new secret; the one before works for 24 hours more")
    .argument("<name>", "the runner's name", parseName)
    .option("--show-secret", "print the secret although this machine keeps it")
    .addHelpText("after", examples(["runners rotate builder-1"]))
    .action(async (name: string, options: { showSecret?: boolean }, self: Command) => {
      const session = Session.of(self);
      const api = session.api();
      const path = ["runners", name, "rotate"];
      const answer = await session.watch("rotating", api.request({ method: "POST", path, answer: RunnerCreated }));
      const { runner, secret } = answer.value;
      const file = identityPath(session.settings.home);
      const here = loadIdentity(file);
      const kept = here.kind === "found" && here.identity.name === name && here.identity.server === api.server.href;
      if (kept) saveIdentity(file, { ...here.identity, secret });
      // Whoever does not keep it must be shown it: nobody can be told again.
      const shown = { runner, ...(kept ? { file } : {}) };
      const shows = !kept || options.showSecret === true;
      session.answer(shows ? { ...shown, secret } : shown, () => {
        const lines = kept
          ? [`runner '${name}' has a new secret, kept in ${file}`, "next: restart the runner"]
          : [
              `runner '${name}' has a new secret; it is not shown again`,
              "next: set PATCH_MOI_RUNNER_SECRET to it there",
            ];
        if (runner.previousSecretUntil !== undefined)
          lines.push(`the one before works until ${runner.previousSecretUntil}`);
        return (shows ? [secret, ...lines] : lines).join("\n");
      });
    });
}
