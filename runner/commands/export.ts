/**
 * `patch.moi export`: the whole record as one stream of lines.
 *
 * @module
 */
import type { Command } from "commander";
import { type ExportHeader, RECORD_VERSION } from "../../worker/contract/record.ts";
import { CommandFailure, interrupted } from "../client/command-failure.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { Session } from "../client/session.ts";
import { VERSION } from "../client/version.ts";
import { ExportFile } from "../records/export-file.ts";
import { Tally } from "../records/record-lines.ts";
import { readRecords } from "../records/record-stream.ts";
import { examples } from "./list.ts";
import { type StopSignals, stopOnSignals } from "./stop-signals.ts";

type ExportOptions = { output?: string; credentials: boolean };

export function registerExport(program: Command): void {
  program
    .command("export")
    .description("write every record as lines of JSON; an admin's token is needed")
    .option("-o, --output <file>", "into this file; run again after the connection broke, it goes on where it was")
    .option("--no-credentials", "leave out stored credentials; otherwise they are in it, sealed as they are kept")
    .addHelpText("after", examples(["export -o backup.ndjson", "export | gzip > backup.ndjson.gz"]))
    .action(async (options: ExportOptions, self: Command) => {
      const session = Session.of(self);
      const header: ExportHeader = {
        export: "patch.moi",
        v: RECORD_VERSION,
        version: VERSION,
        at: new Date().toISOString(),
        server: session.api().server.origin,
        credentials: options.credentials ? "sealed" : "left_out",
      };
      if (options.output === undefined || options.output === "-") await toOutput(session, header);
      else await toFile(session, header, options.output);
    });
}

async function toFile(session: Session, header: ExportHeader, path: string): Promise<void> {
  const api = session.api();
  const file = await ExportFile.open(path, api.server.href, header);
  const signals = stopOnSignals((line) => session.say(line), "stopping after this page; once more stops at once");
  try {
    if (file.before > 0) session.say(`going on after ${file.before} records that ${path}.part holds already`);
    if (file.anew !== undefined) session.say(`${file.anew}: beginning anew`);
    await session.watch(() => `exporting, ${file.count} records`, fill(file, api, signals));
    const { records, kinds, sha256 } = file.finish();
    session.answer({ file: path, records, kinds, sha256, credentials: file.header.credentials }, () =>
      [
        ...Object.entries(kinds).map(([kind, n]) => `${String(n).padStart(9)} ${kind}`),
        `${records} records in ${path}`,
      ].join("\n"),
    );
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new CommandFailure(error.code, `${error.message}; what was read is kept: the same command goes on`);
  } finally {
    signals.dispose();
    file.close();
  }
}

async function fill(file: ExportFile, api: EdgeApi, { stop, now }: StopSignals): Promise<void> {
  const credentials = file.header.credentials === "sealed";
  for await (const { lines, next } of readRecords(api, file.from, { credentials, signal: now })) {
    file.add(lines, next);
    if (stop.aborted && next !== undefined) throw interrupted();
  }
}

async function toOutput(session: Session, header: ExportHeader): Promise<void> {
  const tally = new Tally();
  await write(header);
  for await (const { lines } of readRecords(
    session.api(),
    { seqs: {} },
    { credentials: header.credentials === "sealed" },
  ))
    for (const line of lines) {
      tally.add(JSON.stringify(line), line.kind);
      await write(line);
    }
  await write(tally.trailer());
}

/** Waits for a slow reader: the record may be larger than memory. */
async function write(line: object): Promise<void> {
  if (process.stdout.write(`${JSON.stringify(line)}\n`)) return;
  await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
}
