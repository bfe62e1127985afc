/**
 * `patch.moi rebuild`: what can be known of a stack from Git alone, after its record was lost.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { StackHistoryAnswer } from "../../worker/contract/history.ts";
import { repositoriesOf, Stack } from "../../worker/contract/stack.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { type Evidence, historyOf, readEvidence } from "../records/fork-evidence.ts";
import { examples } from "./list.ts";

type RebuildOptions = { stack: string; dryRun?: boolean };

export function registerRebuild(program: Command): void {
  program
    .command("rebuild")
    .description("after a total loss: write down what the fork's branches and tags say of a stack; starts nothing")
    .requiredOption("--stack <id>", "the stack, declared as it was")
    .option("--dry-run", "show what is found and stop")
    .addHelpText("after", examples(["rebuild --stack web --dry-run", "rebuild --stack web"]))
    .action(async (options: RebuildOptions, self: Command) => {
      const session = Session.of(self);
      const api = session.api();
      const answer = z.object({ stack: Stack });
      const { stack } = (await api.request({ path: ["stacks", options.stack], answer })).value;
      const repositories = repositoriesOf(stack);
      if (repositories === undefined)
        throw new CommandFailure("no_repositories", `stack '${stack.id}' names no fork and branch to read`, 2);
      const evidence = await session.watch(
        `reading ${repositories.fork.url}`,
        readEvidence(stack.id, repositories, stack.policy.candidateRef),
      );
      if (options.dryRun === true) {
        session.answer({ applied: false, evidence }, () => `${describe(evidence)}\nnot written down (--dry-run)`);
        return;
      }
      const body = historyOf(stack.id, evidence, new Date().toISOString());
      const request = {
        method: "POST" as const,
        path: ["stacks", stack.id, "history"],
        body,
        answer: StackHistoryAnswer,
      };
      const { value } = await api.request(request);
      session.answer({ applied: true, evidence, ...value }, () =>
        [describe(evidence), `${value.attempts.length} attempts written down, ${value.same} were known`].join("\n"),
      );
    });
}

function describe({ branch, base, candidates, before, channels }: Evidence): string {
  const on = base.tags.length === 0 ? base.oid : `${base.tags.join(", ")} (${base.oid})`;
  return [
    `${branch.name} is ${branch.oid}, on ${on}`,
    ...candidates.map(({ ref, oid, landed }) => `${landed ? "landed   " : "candidate"}  ${ref} ${oid}`),
    ...before.map(({ ref, oid }) => `before     ${ref} ${oid}`),
    ...Object.entries(channels).map(([name, oid]) => `channel    ${name} ${oid}`),
  ].join("\n");
}
