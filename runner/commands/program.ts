/**
 * The command line: every command, and what holds for all of them.
 *
 * @module
 */
import { Command } from "commander";
import { oneLine } from "../client/command-failure.ts";
import { VERSION } from "../client/version.ts";
import { registerApply } from "./apply.ts";
import { registerAttempts } from "./attempts.ts";
import { registerBackfill } from "./backfill.ts";
import { registerCancel } from "./cancel.ts";
import { registerCandidates } from "./candidates.ts";
import { registerChannels } from "./channels.ts";
import { registerCompletion } from "./completion.ts";
import { registerCredentials } from "./credentials.ts";
import { registerDismiss } from "./dismiss.ts";
import { registerDispatches } from "./dispatches.ts";
import { registerDoctor } from "./doctor.ts";
import { registerEvents } from "./events.ts";
import { registerExport } from "./export.ts";
import { registerForecast } from "./forecast.ts";
import { registerForecasts } from "./forecasts.ts";
import { registerImport } from "./import.ts";
import { registerImports } from "./imports.ts";
import { registerInterventions } from "./interventions.ts";
import { registerLand } from "./land.ts";
import { registerPause } from "./pause.ts";
import { registerPreview } from "./preview.ts";
import { registerPromote } from "./promote.ts";
import { registerRebase } from "./rebase.ts";
import { registerRebuild } from "./rebuild.ts";
import { registerRedrive } from "./redrive.ts";
import { registerReplay } from "./replay.ts";
import { registerResume } from "./resume.ts";
import { registerRetry } from "./retry.ts";
import { registerRun } from "./run.ts";
import { registerRunner } from "./runner.ts";
import { registerRunners } from "./runners.ts";
import { registerSetup } from "./setup.ts";
import { registerShow } from "./show.ts";
import { registerSignals } from "./signals.ts";
import { registerSources } from "./sources.ts";
import { registerStacks } from "./stacks.ts";
import { registerStatus } from "./status.ts";
import { registerSync } from "./sync.ts";
import { registerTail } from "./tail.ts";
import { registerTick } from "./tick.ts";
import { registerTokens } from "./tokens.ts";
import { registerUnpause } from "./unpause.ts";
import { registerWhy } from "./why.ts";

/** In the order in which help lists them. */
const GROUPS: readonly { heading: string; register: readonly ((program: Command) => void)[] }[] = [
  {
    heading: "Look:",
    register: [
      registerStatus,
      registerEvents,
      registerAttempts,
      registerDispatches,
      registerShow,
      registerSignals,
      registerSources,
      registerStacks,
      registerForecasts,
      registerCandidates,
      registerChannels,
      registerInterventions,
      registerWhy,
      registerPreview,
      registerTail,
      registerDoctor,
    ],
  },
  {
    heading: "Act:",
    register: [
      registerRetry,
      registerReplay,
      registerBackfill,
      registerSync,
      registerResume,
      registerCancel,
      registerDismiss,
      registerRedrive,
      registerLand,
      registerPromote,
      registerPause,
      registerUnpause,
      registerTick,
    ],
  },
  {
    heading: "Set up:",
    register: [registerSetup, registerApply, registerTokens, registerRunners, registerCredentials, registerCompletion],
  },
  { heading: "Keep:", register: [registerExport, registerImport, registerImports, registerRebuild] },
  { heading: "Work here:", register: [registerRunner, registerForecast, registerRebase, registerRun] },
];

export function createProgram(): Command {
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
  for (const group of GROUPS) {
    program.commandsGroup(group.heading);
    for (const register of group.register) register(program);
  }
  program.addHelpText(
    "after",
    "\nExit codes: 0 done, 1 the work failed, 2 not understood.\n" +
      "Environment: PATCH_MOI_URL, PATCH_MOI_TOKEN, PATCH_MOI_HOME, NO_COLOR.\n" +
      "\nExamples:\n  $ patch.moi status\n  $ patch.moi apply -f patch-moi.json\n  $ patch.moi show web.12\n",
  );
  return program;
}
