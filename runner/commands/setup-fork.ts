/**
 * `patch.moi setup fork`: from a clone with only `origin` to a declared stack. Without `--apply` nothing is changed.
 *
 * @module
 */
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { Configuration } from "../../worker/contract/configuration.ts";
import { ForgeKind } from "../../worker/contract/forge.ts";
import { Name } from "../../worker/contract/primitives.ts";
import { colors } from "../client/colors.ts";
import { usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import {
  asJson,
  configurationOf,
  openConfiguration,
  saveConfiguration,
  withEntries,
} from "../setup/configuration-file.ts";
import { type ForkLook, type ForkOptions, lookAtFork } from "../setup/fork-look.ts";
import { describePoints, isReady, type Point } from "../setup/point.ts";
import { applyAll, readCurrent } from "./apply.ts";
import { type Change, diffConfiguration } from "./configuration-diff.ts";
import { examples } from "./list.ts";
import { operatorGit } from "./operator-git.ts";

type Given = ForkOptions & { apply?: boolean; file?: string };

export function registerSetupFork(setup: Command): void {
  setup
    .command("fork")
    .description("find upstream, propose remote, stack and source, and say point by point what is missing")
    .option("--repo <dir>", "the clone of the fork", ".")
    .option("--origin <remote>", "the remote that is the fork", "origin")
    .option("--upstream <url>", "upstream's repository, where the fork's forge does not say it", parseUrl)
    .option("--branch <branch>", "the branch that holds the patches (the one that is checked out)")
    .option("--id <id>", "the stack's id (the fork's name)", parseId)
    .addOption(
      new Option("--forge <kind>", "what the fork's host runs, where it is not known").choices(ForgeKind.options),
    )
    .option("--api <url>", "where the forge's API is, when not where such a forge has it", parseUrl)
    .option("-f, --file <file>", "the configuration to add to (patch-moi.json in the clone)")
    .option("--apply", "add the remote, write the configuration, and declare it to the server when one is named")
    .addHelpText(
      "after",
      `${examples(["setup fork", "setup fork --apply", "setup fork --upstream https://git.example.org/project.git"])}
The forge is asked with PATCH_MOI_FORGE_TOKEN, GH_TOKEN, GITHUB_TOKEN, GITLAB_TOKEN or CODEBERG_TOKEN (each for its own
host), else with what git's credential helpers have; a public fork needs none.\n`,
    )
    .action(async (given: Given, self: Command) => {
      const session = Session.of(self);
      const look = await session.watch("looking", lookAtFork(given, process.env));
      const path = given.file ?? join(look.clone.top, "patch-moi.json");
      const points = [...look.points, ...(await declared(session, look, path, given.apply === true))];
      const ready = isReady(points);
      const fragment = look.fragment ?? null;
      session.answer({ ready, points, fragment, file: path }, () =>
        described(points, look, path, given.apply === true),
      );
    });
}

function described(points: readonly Point[], look: ForkLook, path: string, apply: boolean): string {
  const parts = [describePoints(points)];
  if (!apply && look.fragment !== undefined)
    parts.push(`for ${path}:`, colors.dim(asJson(look.fragment)), "nothing was changed; --apply does what can be done");
  else if (isReady(points)) parts.push(colors.green("ready"));
  return parts.join("\n\n");
}

/** Remote, file and server: each as it stands, or as `--apply` has made it. */
async function declared(session: Session, look: ForkLook, path: string, apply: boolean): Promise<Point[]> {
  const { fragment, upstream } = look;
  if (fragment === undefined || upstream === undefined) return [];
  return [
    ...(look.addRemote ? [await remote(look.clone.top, upstream, apply)] : []),
    ...(await configuration(session, look, path, apply)),
  ];
}

async function remote(top: string, url: string, apply: boolean): Promise<Point> {
  const name = "upstream remote";
  if (!apply) return { name, state: "todo", says: `there is none`, next: `git remote add upstream ${url}` };
  await operatorGit(top, ["remote", "add", "upstream", url]);
  const fetched = await operatorGit(top, ["fetch", "--quiet", "upstream"], { okExitCodes: [1, 128] });
  const says = fetched.exitCode === 0 ? `added and fetched: ${url}` : `added: ${url}`;
  return { name, state: "done", says };
}

async function configuration(session: Session, look: ForkLook, path: string, apply: boolean): Promise<Point[]> {
  const fragment = look.fragment ?? { stacks: [], sources: [] };
  const file = openConfiguration(path);
  const text = withEntries(file.text, fragment);
  const missing = text !== file.text;
  if (missing && apply) saveConfiguration(path, text);
  const id = fragment.stacks[0]?.id ?? "";
  const inFile: Point = missing
    ? apply
      ? { name: "configuration", state: "done", says: `'${id}' and its source were added to ${path}` }
      : { name: "configuration", state: "todo", says: `${path} does not hold '${id}' and its source yet` }
    : { name: "configuration", state: "ok", says: `${path} holds '${id}' and its source` };
  return [inFile, await onServer(session, text, id, fragment.sources[0]?.id, apply)];
}

/** What the file says of this one stack and its source, held against the server. */
async function onServer(
  session: Session,
  text: string,
  stack: string,
  source: string | undefined,
  apply: boolean,
): Promise<Point> {
  const name = "server";
  const { server, token } = session.settings;
  if (server === undefined || token === undefined)
    return {
      name,
      state: "todo",
      says: "none is named, so nothing is declared",
      next: "set PATCH_MOI_URL and PATCH_MOI_TOKEN and come back, or `patch.moi apply -f` the file",
    };
  const api = session.api();
  const whole = configurationOf(text);
  const wanted = Configuration.parse({
    stacks: whole.stacks.filter(({ id }) => id === stack),
    sources: whole.sources.filter(({ id }) => id === source),
  });
  const changes: Change[] = diffConfiguration(wanted, await readCurrent(api), false);
  if (changes.length === 0) return { name, state: "ok", says: `${server.origin} has '${stack}' as the file says` };
  const what = changes.map(({ action, kind, id }) => `${action} ${kind} '${id}'`).join(", ");
  if (!apply) return { name, state: "todo", says: `${server.origin}: ${what}` };
  await applyAll(api, changes);
  return { name, state: "done", says: `${server.origin}: ${what}` };
}

function parseUrl(text: string): string {
  if (!URL.canParse(text)) throw new InvalidArgumentError("give an address like https://git.example.org/project.git");
  return text;
}

function parseId(text: string): string {
  const id = Name.safeParse(text);
  if (!id.success) throw usageFailure(`--id: ${id.error.issues[0]?.message ?? "is no id"}`);
  return id.data;
}
