/**
 * Code mode: a script of JavaScript statements that works with `tools.exec_command`, prints with
 * `text`, and ends with `result`. Runs inside of the step's own, contained process.
 *
 * @module
 */
import { spawn } from "node:child_process";

export type CodeModeFlow = { root: string; [field: string]: unknown };

type ExecCommand = { cmd: string; workdir?: string; max_output_tokens?: number };

/** What a token is taken to be, characters: scripts ask for output in tokens. */
const CHARACTERS_PER_TOKEN = 4;
const DEFAULT_OUTPUT_TOKENS = 10_000;

/** Runs the script's statements; `say` gets what it gives to `result`. */
export async function runCodeMode(source: string, flow: CodeModeFlow, say: (result: unknown) => void): Promise<void> {
  const exit = (): never => process.exit(0);
  const given = {
    flow,
    tools: { exec_command: execCommand },
    text: (text: unknown) => void process.stdout.write(String(text)),
    result: (value: unknown): never => {
      say(value);
      return exit();
    },
    exit,
  };
  // The constructor of async functions has no name of its own.
  const AsyncFunction = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (...args: unknown[]) => Promise<void>;
  await new AsyncFunction(...Object.keys(given), `"use strict";\n${source}`)(...Object.values(given));
}

function execCommand(command: ExecCommand): Promise<{ exit_code: number; output: string }> {
  const limit = (command.max_output_tokens ?? DEFAULT_OUTPUT_TOKENS) * CHARACTERS_PER_TOKEN;
  return new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", command.cmd], { cwd: command.workdir, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let leftOut = 0;
    const take = (text: string) => {
      const room = Math.max(0, limit - output.length);
      output += text.slice(0, room);
      leftOut += Math.max(0, text.length - room);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", take);
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({
        exit_code: code ?? 128,
        output: leftOut === 0 ? output : `${output}\n… ${leftOut} characters left out …`,
      }),
    );
  });
}
