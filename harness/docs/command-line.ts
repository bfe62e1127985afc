/**
 * What the program itself says of a command line: whether it would take it, and its help.
 *
 * @module
 */
import { type Command, CommanderError } from "commander";
import { createProgram, readCommands } from "../../runner/commands/program.ts";

const ALL = await readCommands();

/** Columns of the help. */
const WIDTH = 100;

/** What a mention of a command may leave out, and a block of commands may not. */
const LEFT_OUT = [
  "commander.missingArgument",
  "commander.optionMissingArgument",
  "commander.missingMandatoryOptionValue",
];

/** Why the program would not take these words; undefined when it would. Runs nothing. */
export function refusal(words: readonly string[], { mention = false } = {}): string | undefined {
  const program = createProgram(ALL);
  for (const command of everyCommand(program)) {
    command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
    if (command.commands.length === 0) command.action(() => {});
  }
  try {
    program.parse(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    if (!(error instanceof CommanderError)) return error.message;
    // Asking for help, or naming a group of commands, is understood too.
    if (error.exitCode === 0 || error.code === "commander.help") return undefined;
    return mention && LEFT_OUT.includes(error.code) ? undefined : error.message;
  }
  return undefined;
}

/** Every command that does something, with its help as it is printed. */
export function helpTexts(): { name: string; help: string }[] {
  return everyCommand(createProgram(ALL))
    .filter((command) => command.commands.length === 0)
    .map((command) => {
      let help = "";
      command.configureOutput({
        writeOut: (text) => {
          help += text;
        },
        getOutHelpWidth: () => WIDTH,
        getOutHasColors: () => false,
      });
      command.outputHelp();
      return { name: nameOf(command), help: help.trimEnd() };
    });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}
