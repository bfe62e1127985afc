/**
 * Runs one verify command: upstream's code and the operator's words, contained.
 *
 * @module
 */
import type { VerifyResult } from "../../worker/contract/report.ts";
import type { Environment } from "../client/settings.ts";
import type { Checkout } from "./checkout.ts";
import { containedEnvironment, runContained } from "./contained-process.ts";
import { OutputEnds } from "./output-ends.ts";
import type { Redactor } from "./redact.ts";

export type VerifyCommand = {
  command: string;
  checkout: Checkout;
  env: Environment;
  /** Variables of ours beside the allow-list. */
  more?: Readonly<Record<string, string>>;
  timeoutMs: number;
  signal: AbortSignal;
  redact: Redactor;
  log: (text: string) => void;
};

export type VerifyRun = VerifyResult & { timedOut: boolean };

/** Runs it to its end; rejects with the signal's reason when that is aborted. */
export async function runVerifyCommand(request: VerifyCommand): Promise<VerifyRun> {
  const { command, checkout, env, timeoutMs, signal } = request;
  const output = new OutputEnds(request.redact, request.log);
  const { exitCode, timedOut, seconds } = await runContained({
    command: "sh",
    args: ["-c", command],
    cwd: checkout.tree,
    env: { ...containedEnvironment(checkout, env, env.PATCH_MOI_VERIFY_ENV), ...request.more },
    timeoutMs,
    signal,
    onOutput: (stream, chunk) => output.push(stream, chunk),
  });
  return { command, exitCode, seconds, outputTail: output.finish(), timedOut };
}
