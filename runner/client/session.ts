/**
 * One run of the command line: its settings, the API, and what it prints.
 *
 * Standard output holds the answer and nothing else: with `--json` exactly one JSON document.
 * Everything about the way there goes to standard error.
 *
 * @module
 */
import type { Command } from "commander";
import { colors } from "./colors.ts";
import { EdgeApi } from "./edge-api.ts";
import { printable } from "./printable.ts";
import { type GlobalOptions, readSettings, requireServer, requireToken, type Settings } from "./settings.ts";

export class Session {
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** The session of a command's action. */
  static of(command: Command): Session {
    return new Session(readSettings(command.optsWithGlobals<GlobalOptions>(), process.env));
  }

  api(): EdgeApi {
    return new EdgeApi(requireServer(this.settings), requireToken(this.settings));
  }

  /** Prints the answer: the document with `--json`, else what `human` makes of it. */
  answer(document: unknown, human: () => string): void {
    process.stdout.write(this.settings.json ? `${JSON.stringify(document, null, 2)}\n` : onTerminal(human()));
  }

  /** One of any number of answers: a line of JSON each with `--json`. */
  line(document: unknown, human: () => string): void {
    process.stdout.write(this.settings.json ? `${JSON.stringify(document)}\n` : onTerminal(human()));
  }

  /** A remark for a person, on standard error. */
  say(line: string): void {
    process.stderr.write(`${printable(line, colors.isColorSupported)}\n`);
  }

  /** Runs `work`; from its second second on a terminal shows what it is at, and for how long. */
  async watch<T>(what: string | (() => string), work: Promise<T>): Promise<T> {
    if (!process.stderr.isTTY) return work;
    const startedAt = Date.now();
    let shown = false;
    const timer = setInterval(() => {
      shown = true;
      const now = typeof what === "string" ? what : what();
      process.stderr.write(`\r${colors.dim(`${now} … ${Math.round((Date.now() - startedAt) / 1000)} s`)}\u001b[K`);
    }, 1000);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      if (shown) process.stderr.write("\r\u001b[K");
    }
  }
}

function onTerminal(text: string): string {
  const shown = printable(text, colors.isColorSupported);
  return shown === "" || shown.endsWith("\n") ? shown : `${shown}\n`;
}
