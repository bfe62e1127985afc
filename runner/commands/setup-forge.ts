/**
 * `patch.moi setup forge`: lets the fork's own CI do a stack's work, and checks that it is let in.
 *
 * The workflow is proposed with the person's own token: the server's credential needs no right to write
 * files, and what a person merges is what runs.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ForgeKind } from "../../worker/contract/forge.ts";
import { Stack } from "../../worker/contract/stack.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { checkPoint } from "../setup/claim-check.ts";
import type { ForgeBench, ForgeOptions } from "../setup/forge-bench.ts";
import { credentialPoint, forgePoint, secretPoint, workflowPoint } from "../setup/forge-points.ts";
import { describePoints, isReady, type Point } from "../setup/point.ts";
import { findForge } from "../setup/setup-forge-client.ts";
import { stackPoint } from "../setup/stack-point.ts";
import { must } from "../setup/workflow-proposal.ts";
import { workflowPath } from "../setup/workflow-template.ts";
import { examples } from "./list.ts";

export function registerSetupForge(setup: Command): void {
  setup
    .command("forge")
    .description("propose the workflow to the fork, say which job the stack trusts, and check that it is let in")
    .argument("<stack>", "the stack's id")
    .option("--apply", "open or update the pull request, set the stack's driver and identity, and check")
    .option("--check", "change nothing, only start a run whose job proves who it is")
    .option("--ref <branch>", "the branch that the workflow is started from (the fork's default branch)")
    .option("--path <file>", "the workflow's file in the fork, when not the usual one")
    .addOption(
      new Option(
        "--identity <how>",
        "how jobs prove who they are: the forge's ID token, or a registered runner's secret",
      )
        .choices(["token", "secret"])
        .default("token"),
    )
    .option("--issuer <url>", "who signs the forge's ID tokens, where it is not the forge's own issuer")
    .addOption(new Option("--forge <kind>", "what the fork's host runs").choices(ForgeKind.options))
    .option("--api <url>", "where the forge's API is, when not where such a forge has it")
    .option("-f, --file <file>", "configuration that is kept in step when it holds the stack", "patch-moi.json")
    .option("--wait <seconds>", "how long the check may take", parseSeconds, 600)
    .addHelpText(
      "after",
      examples(["setup forge lantern", "setup forge lantern --apply", "setup forge lantern --check"]),
    )
    .action(async (id: string, given: ForgeOptions, self: Command) => {
      const session = Session.of(self);
      const points = await session.watch("setting up", setUp(session, id, given));
      const ready = isReady(points);
      session.answer({ ready, points }, () =>
        [describePoints(points), ready ? colors.green("ready") : "not ready yet; come back when it is done"].join(
          "\n\n",
        ),
      );
      if (!ready && given.check === true)
        throw new CommandFailure("not_ready", "the forge's job is not let in yet; see above");
    });
}

async function setUp(session: Session, id: string, given: ForgeOptions): Promise<Point[]> {
  const api = session.api();
  const { stack } = (await api.request({ path: ["stacks", id], answer: z.object({ stack: Stack }) })).value;
  if (stack.fork === undefined)
    throw new CommandFailure("no_fork", `stack '${id}' names no fork, so there is no CI to set up`, 2);
  const settings = stack.fork.forge;
  const asked = { kind: given.forge ?? settings?.kind, apiUrl: given.api ?? settings?.apiUrl };
  const found = await findForge(stack.fork.url, asked, ".", process.env);
  if (!found.ok)
    throw new CommandFailure(
      "unknown_forge",
      `${found.message}; say what it runs with --forge github, forgejo or gitlab`,
      2,
    );
  const forge = found.found;
  const facts = await must(forge.forge.repository());
  const ref = given.ref ?? stack.policy.surface?.ref ?? facts.defaultBranch;
  const path = given.path ?? workflowPath(forge.repository.kind, given.identity);
  const bench: ForgeBench = { session, api, stack, given, apply: given.apply === true, place: { path, ref } };
  const points = [
    forgePoint(forge, facts),
    await credentialPoint(bench, forge),
    await workflowPoint(bench, forge),
    await stackPoint(bench, forge, facts),
  ];
  if (given.identity === "secret") points.push(await secretPoint(bench));
  points.push(await checkPoint(bench, points));
  return points;
}

function parseSeconds(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) throw new InvalidArgumentError("give a number of seconds");
  return Number(text);
}
