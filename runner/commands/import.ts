/**
 * `patch.moi import`: takes in an export, or the files of the older service.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { GivenUp } from "../../worker/contract/record-import.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { Session } from "../client/session.ts";
import { table } from "../client/table.ts";
import { importOlder, type OlderImport } from "../records/older-import.ts";
import {
  type ImportProgress,
  type ImportSummary,
  importFile,
  type Refusals,
  type WholeFile,
} from "../records/record-import.ts";
import { checkExport } from "../records/record-lines.ts";
import { examples } from "./list.ts";
import { stopOnSignals } from "./stop-signals.ts";

type ImportOptions = { dryRun?: boolean; jsonl?: string; stack?: string; giveUp?: string };

/** Kinds and reasons of refusal that are shown. */
const SHOWN = 20;

export function registerImport(program: Command): void {
  program
    .command("import")
    .description("take in an export: what is there stays as it is; an admin's token is needed")
    .argument("[file]", "what 'export' wrote")
    .option("--jsonl <dir>", "instead of a file: the older service's DATA_DIR, as history that starts nothing")
    .option("--stack <id>", "with --jsonl: the stack of attempts that name none that is known here")
    .option(
      "--give-up <import>",
      "instead of a file: take away what this import began and did not finish; see `imports`",
    )
    .option("--dry-run", "look whether the file is whole, and stop")
    .addHelpText(
      "after",
      examples(["import backup.ndjson", "import backup.ndjson --dry-run", "import --jsonl /var/lib/patch"]),
    )
    .action(async (path: string | undefined, options: ImportOptions, self: Command) => {
      const session = Session.of(self);
      if ([path, options.jsonl, options.giveUp].filter((one) => one !== undefined).length !== 1)
        throw usageFailure("name the file that 'export -o' wrote, or the older service's folder with --jsonl");
      if (options.giveUp !== undefined) {
        const taken = await session.watch("giving up", giveUp(session.api(), options.giveUp));
        session.answer(taken, () => describeGivenUp(taken));
        return;
      }
      if (options.jsonl !== undefined || path === undefined) {
        const older = await session.watch("importing", importOlder(session.api(), options.jsonl ?? "", options.stack));
        session.answer(older, () => describeOlder(older));
        return;
      }
      if (!existsSync(path)) throw usageFailure(`there is no file ${path}; name one that 'export -o' wrote`);
      const { header, trailer } = await session.watch("looking whether the file is whole", checkExport(path));
      const whole = `${path} is whole: ${trailer.records} records of ${header.at}`;
      if (options.dryRun === true) {
        session.answer({ file: path, header, trailer }, () => whole);
        return;
      }
      const summary = await bring(session, { path, header, trailer });
      session.answer({ file: path, ...summary }, () => describe(summary));
      const halves = summary.refusals.find(({ code }) => code === "incomplete")?.count ?? 0;
      if (halves > 0)
        throw new CommandFailure(
          "incomplete",
          `${halves === 1 ? "one stack does" : `${halves} stacks do`} nothing until the rest is imported: ` +
            "mend what was refused, then import again",
        );
    });
}

type Taken = { stacks: string[]; sources: string[] };

async function giveUp(api: EdgeApi, id: string): Promise<Taken> {
  const taken: Taken = { stacks: [], sources: [] };
  for (let more = true; more; ) {
    const { value } = await api.request({ method: "POST", path: ["imports", id, "give-up"], answer: GivenUp });
    taken.stacks.push(...value.stacks);
    taken.sources.push(...value.sources);
    more = value.more;
  }
  return taken;
}

function describeGivenUp({ stacks, sources }: Taken): string {
  const names = [...stacks.map((id) => `stack '${id}'`), ...sources.map((id) => `source '${id}'`)];
  return names.length === 0 ? "it left nothing that is not finished" : `taken away: ${names.join(", ")}`;
}

async function bring(session: Session, file: WholeFile): Promise<ImportSummary> {
  const all = file.trailer.records;
  let begun: ImportProgress | undefined;
  const signals = stopOnSignals((line) => session.say(line), STOPPING);
  const importing = importFile(session.api(), file, signals, (progress) => {
    begun = progress;
  });
  try {
    return await session.watch(() => `importing, ${begun?.records ?? 0} of ${all} records`, importing);
  } catch (error) {
    if (!(error instanceof CommandFailure) || begun === undefined) throw error;
    throw new CommandFailure(
      error.code,
      `${error.message}; ${begun.records} of ${all} records are in: the same command goes on. What is not whole does ` +
        `nothing until then; without the file: patch.moi import --give-up ${begun.id}`,
    );
  } finally {
    signals.dispose();
  }
}

/** Said at the first signal. */
const STOPPING = "stopping after the request that is under way; once more stops at once";

function describe({ new: made, same, refused, refusals }: ImportSummary): string {
  const counted = `${made} new, ${same} there already, ${refused} refused`;
  if (refused === 0) return colors.green(counted);
  return [describeRefused(refusals), counted].join("\n");
}

function describeOlder({ files, sources, stacks }: OlderImport): string {
  return [
    ...files.flatMap(({ file, lines, taken, notes }) => [
      `${file}  ${lines} ${lines === 1 ? "line" : "lines"}, ${taken} taken`,
      ...notes.map((note) => colors.dim(`    ${note}`)),
    ]),
    ...sources.map(
      ({ id, new: made, same, why }) => `source ${id}  ${why ?? `${made} entries are no news now, ${same} were known`}`,
    ),
    ...stacks.map(
      ({ id, attempts, same, why }) => `stack ${id}  ${why ?? `${attempts} attempts written down, ${same} were known`}`,
    ),
  ].join("\n");
}

/** One row for each kind and reason, with the first of them by name. */
function describeRefused(refusals: readonly Refusals[]): string {
  const rows = refusals
    .slice(0, SHOWN)
    .map(({ kind, code, count, first: [first] }) => [
      String(count),
      kind,
      code,
      `line ${first?.line ?? 0}, ${first?.key ?? ""}: ${first?.message ?? ""}`,
    ]);
  return table(["REFUSED", "KIND", "CODE", "THE FIRST"], rows);
}
