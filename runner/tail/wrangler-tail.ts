/**
 * `wrangler tail --format json` as a stream of text that begins again when it ends.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CommandFailure } from "../client/command-failure.ts";

/** Its Worker has the name of `wrangler.toml` itself, which wrangler knows as no environment. */
const PRODUCTION = "production";

const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 60_000;

/** A tail that lived this long was a good one: the next wait begins small again, milliseconds. */
const LIVED_MS = 30_000;

/** Ends within this time without having said anything were never a tail, milliseconds. */
const HOPELESS_MS = 20_000;

export type WranglerTail = {
  worker?: string | undefined;
  env?: string | undefined;
  signal: AbortSignal;
  /** Told before each wait, with what wrangler said last. */
  onEnd: (why: string, waitMs: number) => void;
};

/** wrangler of the project we are in, or the one on the PATH. */
function wranglerCommand(): string {
  const local = join(process.cwd(), "node_modules", ".bin", "wrangler");
  return existsSync(local) ? local : "wrangler";
}

/** Pieces of what wrangler prints. Throws {@link CommandFailure} when its first run says nothing at all. */
export async function* wranglerTail(tail: WranglerTail): AsyncGenerator<string> {
  const args = ["tail", ...(tail.worker === undefined ? [] : [tail.worker]), "--format", "json"];
  if (tail.env !== undefined && tail.env !== PRODUCTION) args.push("--env", tail.env);
  let wait = FIRST_WAIT_MS;
  let everSaid = false;
  while (!tail.signal.aborted) {
    const startedAt = Date.now();
    const child = spawn(wranglerCommand(), args, { stdio: ["ignore", "pipe", "pipe"], signal: tail.signal });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = `${complaint}${text}`.slice(-2000);
    });
    const failed = new Promise<Error | undefined>((resolve) => {
      child.on("error", resolve);
      child.on("close", () => resolve(undefined));
    });
    for await (const text of child.stdout.setEncoding("utf8") as AsyncIterable<string>) {
      everSaid = true;
      yield text;
    }
    const error = await failed;
    if (tail.signal.aborted) return;
    if (error !== undefined && "code" in error && error.code === "ENOENT")
      throw new CommandFailure(
        "no_wrangler",
        "wrangler is not installed here; run this where the deployment's wrangler.toml is, or follow a log with --file",
      );
    const why = lastLine(complaint) ?? error?.message ?? "wrangler ended";
    const lived = Date.now() - startedAt;
    if (!everSaid && lived < HOPELESS_MS) throw new CommandFailure("tail_failed", `wrangler tail: ${why}`);
    if (lived > LIVED_MS) wait = FIRST_WAIT_MS;
    tail.onEnd(why, wait);
    await delay(wait, undefined, { signal: tail.signal }).catch(() => {});
    wait = Math.min(MAX_WAIT_MS, wait * 2);
  }
}

function lastLine(text: string): string | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.findLast((line) => /\p{L}/u.test(line));
}
