/**
 * `patch.moi apply`: makes the server's stacks and sources what a file says.
 *
 * @module
 */
import { createInterface } from "node:readline/promises";
import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { Configuration } from "../../worker/contract/configuration.ts";
import { FeedSource } from "../../worker/contract/feed-source.ts";
import { LIST_LIMIT } from "../../worker/contract/primitives.ts";
import { Stack } from "../../worker/contract/stack.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure } from "../client/command-failure.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { Session } from "../client/session.ts";
import { type Change, diffConfiguration } from "./configuration-diff.ts";
import { readDocumentAs } from "./document-file.ts";
import { examples } from "./list.ts";
import { isOlderFile, type OlderEntry, OlderFile, type OlderSources } from "./older-sources.ts";

type ApplyOptions = { file: string; yes?: boolean; prune?: boolean; dryRun?: boolean };

export function registerApply(program: Command): void {
  program
    .command("apply")
    .description("make stacks and sources what a file says; shows the difference and asks first")
    .requiredOption("-f, --file <file>", "configuration, usually patch-moi.json; - for standard input")
    .option("-y, --yes", "do not ask")
    .option("--prune", "remove stacks and sources that the file does not name")
    .option("--dry-run", "show the difference and stop")
    .addHelpText("after", examples(["apply -f patch-moi.json", "apply -f patch-moi.json --prune --dry-run"]))
    .action(async (options: ApplyOptions, self: Command) => {
      const session = Session.of(self);
      const { configuration: wanted, entries } = readConfiguration(options.file);
      const api = session.api();
      const current = await session.watch("reading what is there", readCurrent(api));
      const changes = diffConfiguration(wanted, current, options.prune === true);
      const shown = [...entries.map(describeEntry), describeChanges(changes)].filter((part) => part !== "").join("\n");
      const older = entries.length === 0 ? {} : { older: entries };
      const finish = (applied: boolean, last: string) =>
        session.answer({ applied, ...older, changes: changes.map(({ config: _config, ...change }) => change) }, () =>
          shown === "" ? last : `${shown}\n${last}`,
        );
      if (changes.length === 0) return finish(false, "nothing to change");
      if (options.dryRun === true) return finish(false, "not applied (--dry-run)");
      if (options.yes !== true && !(await confirmed(shown, changes.length))) return finish(false, "not applied");
      await session.watch("applying", applyAll(api, changes));
      finish(true, `applied ${changes.length} ${changes.length === 1 ? "change" : "changes"}`);
    });
}

/** A configuration, or an older file with what was made of its entries. */
function readConfiguration(path: string): OlderSources {
  const today = Configuration.transform((configuration): OlderSources => ({ configuration, entries: [] }));
  return readDocumentAs<z.ZodType<OlderSources>>(path, (document) => (isOlderFile(document) ? OlderFile : today));
}

function describeEntry({ id, takenAs, notes }: OlderEntry): string {
  return [`${colors.bold(id)}  ${takenAs}`, ...notes.map((note) => colors.dim(`    ${note}`))].join("\n");
}

/** Every stack and source of the server. */
export async function readCurrent(api: EdgeApi): Promise<{ stacks: Stack[]; sources: FeedSource[] }> {
  const [stacks, sources] = await Promise.all([
    readAll(api, "stacks", "stacks", Stack),
    readAll(api, "feed-sources", "sources", FeedSource),
  ]);
  return { stacks, sources };
}

/** Every page of a list. */
async function readAll<S extends z.ZodType>(api: EdgeApi, path: string, key: string, item: S): Promise<z.output<S>[]> {
  const found: z.output<S>[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: LIST_LIMIT.max, cursor };
    const answer = z.looseObject({ [key]: z.unknown(), nextCursor: z.string().nullish() });
    const page = await api.request({ path: [path], query, answer });
    found.push(...z.array(item).parse(page.value[key]));
    cursor = z.string().nullish().parse(page.value.nextCursor) ?? undefined;
  } while (cursor !== undefined);
  return found;
}

async function confirmed(shown: string, count: number): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CommandFailure(
      "not_confirmed",
      `${count} changes wait for a yes; look with --dry-run, then give --yes`,
      2,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    process.stderr.write(`${shown}\n`);
    return /^y(?:es)?$/i.test((await terminal.question("Apply? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}

/** One after the other, in their order; what was done before a refusal stays, and applying again goes on. */
export async function applyAll(api: EdgeApi, changes: readonly Change[]): Promise<void> {
  for (const change of changes) {
    const path = [change.kind === "stack" ? "stacks" : "feed-sources", change.id];
    try {
      if (change.action === "delete") await api.request({ method: "DELETE", path, answer: z.unknown() });
      else await api.request({ method: "PUT", path, body: change.config, answer: z.unknown() });
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      throw new CommandFailure(error.code, `${change.kind} '${change.id}' was not applied: ${error.message}`);
    }
  }
}

const SIGN = { create: "+", update: "~", delete: "-" } as const;

function describeChanges(changes: readonly Change[]): string {
  return changes
    .flatMap((change) => {
      const paint = { create: colors.green, update: colors.yellow, delete: colors.red }[change.action];
      const fields = change.action === "delete" ? [] : change.fields;
      return [
        paint(`${SIGN[change.action]} ${change.kind} ${change.id}`),
        ...fields.map(
          ({ field, from, to }) => `    ${field}: ${from === undefined ? "" : `${from} -> `}${to ?? "(removed)"}`,
        ),
      ];
    })
    .join("\n");
}
