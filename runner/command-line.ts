/**
 * Runs the `patch.moi` command, and turns its end into an exit code and at most one line.
 *
 * @module
 */
import { CommanderError } from "commander";
import { CommandFailure, describeError } from "./client/command-failure.ts";
import { printable } from "./client/printable.ts";
import { createProgram, readCommands } from "./commands/program.ts";

/** 0 done, 1 the work failed, 2 not understood. */
async function run(args: readonly string[]): Promise<number> {
  try {
    const program = createProgram(await readCommands(args));
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CommandFailure) {
      const line = printable(error.message.replaceAll(/\s*\n\s*/g, " "), false);
      process.stderr.write(`${error.code}: ${line}\n`);
      return error.exitCode;
    }
    process.stderr.write(`internal: ${describeError(error)}; this is a fault of the program, please report it\n`);
    if (process.env.PATCH_MOI_DEBUG !== undefined)
      process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
    return 1;
  }
}

// A reader that has seen enough (`| head`) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2));
