/**
 * The command line: every command, and what holds for all of them.
 *
 * @module
 */
import { Command } from "commander";
import { oneLine } from "../client/command-failure.ts";
import { VERSION } from "../client/version.ts";

type Register = (program: Command) => void;

/**
 * How each command is made, in the order in which help lists them. They are modules of their own, read when they are
 * wanted: what the others need would be most of a start.
 */
const GROUPS: Readonly<Record<string, Readonly<Record<string, () => Promise<Register>>>>> = {
  "Look:": {
    status: async () => (await import("./status.ts")).registerStatus,
    events: async () => (await import("./events.ts")).registerEvents,
    attempts: async () => (await import("./attempts.ts")).registerAttempts,
    dispatches: async () => (await import("./dispatches.ts")).registerDispatches,
    show: async () => (await import("./show.ts")).registerShow,
    signals: async () => (await import("./signals.ts")).registerSignals,
    sources: async () => (await import("./sources.ts")).registerSources,
    stacks: async () => (await import("./stacks.ts")).registerStacks,
    forecasts: async () => (await import("./forecasts.ts")).registerForecasts,
    candidates: async () => (await import("./candidates.ts")).registerCandidates,
    channels: async () => (await import("./channels.ts")).registerChannels,
    interventions: async () => (await import("./interventions.ts")).registerInterventions,
    why: async () => (await import("./why.ts")).registerWhy,
    preview: async () => (await import("./preview.ts")).registerPreview,
    tail: async () => (await import("./tail.ts")).registerTail,
    doctor: async () => (await import("./doctor.ts")).registerDoctor,
  },
  "Act:": {
    retry: async () => (await import("./retry.ts")).registerRetry,
    replay: async () => (await import("./replay.ts")).registerReplay,
    backfill: async () => (await import("./backfill.ts")).registerBackfill,
    sync: async () => (await import("./sync.ts")).registerSync,
    resume: async () => (await import("./resume.ts")).registerResume,
    cancel: async () => (await import("./cancel.ts")).registerCancel,
    dismiss: async () => (await import("./dismiss.ts")).registerDismiss,
    redrive: async () => (await import("./redrive.ts")).registerRedrive,
    land: async () => (await import("./land.ts")).registerLand,
    promote: async () => (await import("./promote.ts")).registerPromote,
    pause: async () => (await import("./pause.ts")).registerPause,
    unpause: async () => (await import("./unpause.ts")).registerUnpause,
    tick: async () => (await import("./tick.ts")).registerTick,
  },
  "Set up:": {
    setup: async () => (await import("./setup.ts")).registerSetup,
    apply: async () => (await import("./apply.ts")).registerApply,
    tokens: async () => (await import("./tokens.ts")).registerTokens,
    runners: async () => (await import("./runners.ts")).registerRunners,
    credentials: async () => (await import("./credentials.ts")).registerCredentials,
    completion: async () => (await import("./completion.ts")).registerCompletion,
  },
  "Keep:": {
    export: async () => (await import("./export.ts")).registerExport,
    import: async () => (await import("./import.ts")).registerImport,
    imports: async () => (await import("./imports.ts")).registerImports,
    rebuild: async () => (await import("./rebuild.ts")).registerRebuild,
  },
  "Work here:": {
    runner: async () => (await import("./runner.ts")).registerRunner,
    forecast: async () => (await import("./forecast.ts")).registerForecast,
    rebase: async () => (await import("./rebase.ts")).registerRebase,
    run: async () => (await import("./run.ts")).registerRun,
  },
};

/** Options of the program that take a value. */
const VALUED = new Set(["--server", "--token"]);

/** Commands under their headings. */
export type Commands = readonly { heading: string; register: readonly Register[] }[];

/** The command that the arguments name; all of them where they name none, or one that is not known. */
export function readCommands(args: readonly string[] = []): Promise<Commands> {
  const wanted = wantedCommand(args);
  const groups = Object.entries(GROUPS).map(async ([heading, commands]) => {
    const named = Object.entries(commands).filter(([name]) => wanted === undefined || name === wanted);
    return { heading, register: await Promise.all(named.map(([, load]) => load())) };
  });
  return Promise.all(groups);
}

/** The program with these commands. */
export function createProgram(commands: Commands): Command {
  const program = new Command("patch.moi")
    .description("Carries patch stacks over upstream releases, and keeps the record.")
    .version(VERSION)
    .option("--server <url>", "the server (PATCH_MOI_URL)")
    .option("--token <token>", "the API token (better: PATCH_MOI_TOKEN)")
    .option("--json", "print exactly one JSON document")
    .showSuggestionAfterError(true)
    // Options of the program are taken after any command; its help says so.
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(`usage: ${oneLine(text.replace(/^error: /, ""))} (see --help)\n`),
    })
    .exitOverride();
  for (const { heading, register } of commands) {
    program.commandsGroup(heading);
    for (const add of register) add(program);
  }
  program.addHelpText(
    "after",
    "\nExit codes: 0 done, 1 the work failed, 2 not understood.\n" +
      "Environment: PATCH_MOI_URL, PATCH_MOI_TOKEN, PATCH_MOI_HOME, NO_COLOR.\n" +
      "\nExamples:\n  $ patch.moi status\n  $ patch.moi apply -f patch-moi.json\n  $ patch.moi show web.12\n",
  );
  return program;
}

/** Undefined where all of them are: the completion of a shell is of all too. */
function wantedCommand(args: readonly string[]): string | undefined {
  const first = args.find((arg, i) => !arg.startsWith("-") && !VALUED.has(args[i - 1] ?? ""));
  const known = Object.values(GROUPS).some((commands) => first !== undefined && Object.hasOwn(commands, first));
  return known && first !== "completion" ? first : undefined;
}
