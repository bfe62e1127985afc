/**
 * `patch.moi import`: takes in an export, or the files of the older service.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { colors } from "../client/colors.ts";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { table } from "../client/table.ts";
import { importOlder, type OlderImport } from "../records/older-import.ts";
import { type ImportSummary, importFile, type RefusedLine } from "../records/record-import.ts";
import { checkExport } from "../records/record-lines.ts";
import { examples } from "./list.ts";

type ImportOptions = { dryRun?: boolean; jsonl?: string; stack?: string };

/** Refused records that are shown one by one. */
const SHOWN = 20;

export function registerImport(program: Command): void {
  program
    .command("import")
    .description("take in an export: what is there stays as it is; an admin's token is needed")
    .argument("[file]", "what 'export' wrote")
    .option("--jsonl <dir>", "instead of a file: the older service's DATA_DIR, as history that starts nothing")
    .option("--stack <id>", "with --jsonl: the stack of attempts that name none that is known here")
    .option("--dry-run", "look whether the file is whole, and stop")
    .addHelpText(
      "after",
      examples(["import backup.ndjson", "import backup.ndjson --dry-run", "import --jsonl /var/lib/patch"]),
    )
    .action(async (path: string | undefined, options: ImportOptions, self: Command) => {
      const session = Session.of(self);
      if ((path === undefined) === (options.jsonl === undefined))
        throw usageFailure("name the file that 'export -o' wrote, or the older service's folder with --jsonl");
      if (options.jsonl !== undefined || path === undefined) {
        const older = await session.watch("importing", importOlder(session.api(), options.jsonl ?? "", options.stack));
        session.answer(older, () => describeOlder(older));
        return;
      }
      if (!existsSync(path)) throw usageFailure(`there is no file ${path}; name one that 'export -o' wrote`);
      const { header, trailer } = await checkExport(path);
      const whole = `${path} is whole: ${trailer.records} records of ${header.at}`;
      if (options.dryRun === true) {
        session.answer({ file: path, header, trailer }, () => whole);
        return;
      }
      const summary = await session.watch("importing", importFile(session.api(), path));
      session.answer({ file: path, ...summary }, () => describe(summary));
      const halves = summary.refused.filter(({ code }) => code === "incomplete");
      if (halves.length > 0)
        throw new CommandFailure(
          "incomplete",
          `${halves.length === 1 ? "one stack does" : `${halves.length} stacks do`} nothing until the rest is imported: ` +
            "mend what was refused, then import again",
        );
    });
}

function describe({ new: made, same, refused }: ImportSummary): string {
  const counted = `${made} new, ${same} there already, ${refused.length} refused`;
  if (refused.length === 0) return colors.green(counted);
  return [describeRefused(refused), counted].join("\n");
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
function describeRefused(refused: readonly RefusedLine[]): string {
  const groups = new Map<string, RefusedLine[]>();
  for (const one of refused) {
    const name = `${one.kind} ${one.code}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  const rows = [...groups.values()].slice(0, SHOWN).map((group) => {
    const [first] = group;
    return [
      String(group.length),
      first?.kind ?? "",
      first?.code ?? "",
      `line ${first?.line ?? 0}, ${first?.key ?? ""}: ${first?.message ?? ""}`,
    ];
  });
  return table(["REFUSED", "KIND", "CODE", "THE FIRST"], rows);
}
