/**
 * How a step ended, with a code for programs and a sentence for people, whether it said so itself or not.
 *
 * @module
 */
import type { FlowResult, FlowStatus } from "../../worker/contract/flow-result.ts";
import { Reason } from "../../worker/contract/primitives.ts";
import type { ContainedEnd } from "../job/contained-process.ts";
import type { FlowStep } from "./flow-manifest.ts";
import type { ReadResult } from "./flow-output.ts";

export type StepVerdict = { status: FlowStatus; code: string; message: string };

/** The wire takes 4000 characters of message. */
const MAX_MESSAGE = 4000;

export function judgeStep(step: FlowStep, end: ContainedEnd, read: ReadResult, output: string): StepVerdict {
  const said = read.kind === "result" ? read.result : undefined;
  if (end.timedOut)
    return failed(
      "step_timed_out",
      `it did not end within its time (timeout_ms = ${step.timeout_ms}) and was ended; raise timeout_ms in flow.toml, or find out what it waits for`,
    );
  if (end.exitCode !== 0 && (said === undefined || isFine(said.status))) {
    const but = said === undefined ? "" : ` after it had said '${said.status}'`;
    return failed("step_exit_code", `it ended with exit code ${end.exitCode}${but}${lastLine(output)}`);
  }
  if (read.kind === "none")
    return failed(
      "no_flow_result",
      `it ended with exit code 0 and did not say how: its last output must be one line FLOW_RESULT {"status": …}, or its default export a function that returns that object`,
    );
  if (read.kind === "unreadable")
    return failed("flow_result_invalid", `what stands after FLOW_RESULT is not a result: ${read.problem}`);
  const { status, message, artifacts } = read.result;
  return {
    status,
    code: codeOf(read.result),
    message: cut(message ?? textOf(artifacts?.message) ?? `ended ${status}`),
  };
}

function failed(code: string, message: string): StepVerdict {
  return { status: "failed", code, message: cut(message) };
}

function isFine(status: FlowStatus): boolean {
  return status === "changed" || status === "completed" || status === "skipped";
}

/** A step may name its reason in the artifacts, as `conflict`. */
function codeOf({ status, artifacts }: FlowResult): string {
  const named = Reason.shape.code.safeParse(artifacts?.code);
  return named.success ? named.data : `step_${status}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function lastLine(output: string): string {
  const line = output.trimEnd().split("\n").at(-1)?.trim() ?? "";
  return line === "" ? " and no output" : `; its last line was: ${line.slice(0, 500)}`;
}

function cut(message: string): string {
  const text = message.trim() === "" ? "no message" : message;
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text;
}
