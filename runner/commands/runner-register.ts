/**
 * `patch.moi runner register`: makes this machine known to the server.
 *
 * @module
 */
import { hostname } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import { RunnerCreated } from "../../worker/contract/identity.ts";
import { Name } from "../../worker/contract/primitives.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { openDataHome } from "../job/data-home.ts";
import { loadIdentity, saveIdentity } from "../job/identity.ts";
import { examples } from "./list.ts";

type RegisterOptions = { name?: string; label: string[]; showSecret?: boolean; replace?: boolean };

export function registerRunnerRegister(runner: Command): void {
  runner
    .command("register")
    .description("make this machine known to the server, and keep its secret")
    .option("--name <name>", "the runner's name (this machine's when not given)", parseName)
    .option("--label <label>", "a label that stacks may ask for; may be given several times", collectLabel, [])
    .option("--show-secret", "print the secret too, for PATCH_MOI_RUNNER_SECRET elsewhere")
    .option("--replace", "forget the runner that this machine was before")
    .addHelpText("after", examples(["runner register --name builder-1 --label linux"]))
    .action(async (options: RegisterOptions, self: Command) => {
      const session = Session.of(self);
      const api = session.api();
      const home = openDataHome(session.settings.home);
      const before = loadIdentity(home.identity);
      if (before.kind !== "absent" && options.replace !== true)
        throw new CommandFailure(
          "already_registered",
          `${home.identity} holds a runner already${before.kind === "found" ? `, '${before.identity.name}'` : ""}; ` +
            "give --replace to forget it, or another PATCH_MOI_HOME",
        );
      const name = options.name ?? nameOfMachine();
      const request = {
        method: "POST" as const,
        path: ["runners"],
        body: { name, labels: options.label },
        answer: RunnerCreated,
      };
      const answer = await session.watch("registering", api.request(request));
      const { runner: made, secret } = answer.value;
      saveIdentity(home.identity, { name: made.name, labels: made.labels, secret, server: api.server.href });
      const shown = { runner: made, file: home.identity, ...(options.showSecret === true ? { secret } : {}) };
      session.answer(shown, () => {
        const lines = [`runner '${made.name}' is registered; its secret is in ${home.identity}`];
        if (options.showSecret === true) lines.push(secret);
        return [...lines, "next: patch.moi runner start"].join("\n");
      });
    });
}

export function parseName(text: string): string {
  const name = Name.safeParse(text);
  if (!name.success) throw new InvalidArgumentError(name.error.issues[0]?.message ?? "not a name");
  return name.data;
}

export function collectLabel(text: string, before: string[]): string[] {
  return [...before, parseName(text)];
}

/** The machine's name, as far as it makes a name of ours. */
function nameOfMachine(): string {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 64)
    .replace(/[^a-z0-9]+$/, "");
  return Name.safeParse(name).success ? name : "runner";
}
