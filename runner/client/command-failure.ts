/**
 * The end of a command that cannot go on. Thrown by commands, printed in one place (`command-line.ts`) as
 * one line: the code, what happened, what to do next.
 *
 * @module
 */

/** 1: the work failed. 2: the command was not understood, or something it needs was not given. */
export type ExitCode = 1 | 2;

export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, exitCode: ExitCode = 1) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** A failure of usage: exit code 2. */
export function usageFailure(message: string): CommandFailure {
  return new CommandFailure("usage", message, 2);
}

/** A signal asked the command to stop, and it could not do all of its work. */
export function interrupted(): CommandFailure {
  return new CommandFailure("interrupted", "stopped");
}

/** What a caught value says of itself, on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const cause = error.cause instanceof Error && error.cause.message !== "" ? `: ${error.cause.message}` : "";
  return oneLine(`${error.message}${cause}`);
}

/** Errors are one line: what spans several is joined. */
export function oneLine(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}
