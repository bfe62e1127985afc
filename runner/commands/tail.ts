/**
 * `patch.moi tail`: the deployment's log as it happens, one line per fact.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { type Fact, factsOf, LEVELS, type Level, wanted } from "../tail/fact.ts";
import { FactView } from "../tail/fact-view.ts";
import { followFile } from "../tail/followed-file.ts";
import { JsonDocuments } from "../tail/json-documents.ts";
import { wranglerTail } from "../tail/wrangler-tail.ts";
import { examples } from "./list.ts";
import { stopOnSignals } from "./stop-signals.ts";

/** Of a file that is followed, this much of what is in it already is shown, bytes. */
const BACKLOG = 16 * 1024;

/** Where `npm run dev` writes. */
const DEV_LOG = join(".patch-moi", "dev.log");

type TailOptions = { stack?: string; level: Level; env?: string; worker?: string; file?: string; follow: boolean };

export function registerTail(program: Command): void {
  program
    .command("tail")
    .description("follow the deployment's log, one line per fact")
    .option("--stack <id>", "only this stack")
    .addOption(new Option("--level <level>", "from this level on").choices(LEVELS).default("info"))
    .option("--env <name>", "what was deployed with `npm run deploy -- --env <name>`")
    .option("--worker <name>", "the Worker, where there is no wrangler.toml")
    .option("--file <file>", "a log file instead; that of `npm run dev` when the server is on this machine")
    .option("--no-follow", "with a file: print all of it and end")
    .addHelpText("after", examples(["tail", "tail --stack web --level warn", "tail --env staging --json"]))
    .action(async (options: TailOptions, self: Command) => {
      const session = Session.of(self);
      const signals = stopOnSignals(() => {});
      const view = new FactView();
      const show = (fact: Fact) =>
        session.line({ at: fact.at, level: fact.level, name: fact.name, ...fact.fields }, () => view.show(fact));
      try {
        const documents = new JsonDocuments();
        for await (const text of pieces(session, options, signals.stop))
          for (const document of documents.read(text))
            for (const fact of factsOf(document)) if (wanted(fact, options.level, options.stack)) show(fact);
      } catch (error) {
        if (!signals.stop.aborted) throw error;
      } finally {
        signals.dispose();
      }
    });
}

function pieces(session: Session, options: TailOptions, signal: AbortSignal): AsyncGenerator<string> {
  const file = options.file ?? (isHere(session) ? DEV_LOG : undefined);
  if (file === undefined) {
    session.say("connecting to the deployment's log …");
    const onEnd = (why: string, waitMs: number) => session.say(`${why}; again in ${Math.round(waitMs / 1000)} s`);
    return wranglerTail({ worker: options.worker, env: options.env, signal, onEnd });
  }
  if (!existsSync(file))
    throw new CommandFailure(
      "no_log",
      `there is no ${file}; start \`npm run dev\` in this folder, or name a log with --file`,
    );
  const backlog = options.follow ? BACKLOG : Number.MAX_SAFE_INTEGER;
  return followFile(file, { backlog, follow: options.follow, signal });
}

/** Whether the server is one on this machine, whose log wrangler cannot tail. */
function isHere({ settings }: Session): boolean {
  const host = settings.server?.hostname;
  return host === "localhost" || host === "[::1]" || host?.startsWith("127.") === true;
}
