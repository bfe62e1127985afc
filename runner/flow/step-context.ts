/**
 * What a step is told on its standard input.
 *
 * @module
 */
import type { JobEnvelope } from "../../worker/contract/runner-wire.ts";
import type { MatchedStep } from "./match-event.ts";
import type { PackageEvent } from "./package-event.ts";

/** The stack whose attempt this is, without anything that a step could report with. */
export type StepStack = Pick<JobEnvelope["stack"], "id" | "upstream" | "fork" | "branch" | "base" | "recordedBase"> &
  Pick<JobEnvelope, "onto" | "candidateRef" | "number" | "resume"> & { verify: string[]; verifySeconds: number };

export type StepContext = {
  flow: {
    name: string;
    version: string | number;
    root: string;
    step: string;
    config: Readonly<Record<string, unknown>>;
    event: PackageEvent;
  };
  runtime: StepRuntime;
  /** Absent when no stack is worked on. */
  stack?: StepStack;
};

export type StepRuntime = {
  eventId: string;
  runId: string;
  attemptId: string;
  replay: boolean;
  /** False: the step is to push nothing, only to say what it would. */
  push: boolean;
};

export function stepContext(
  { package: flow, step }: MatchedStep,
  event: PackageEvent,
  runtime: StepRuntime,
  stack?: StepStack,
): StepContext {
  const { name, version, config } = flow.manifest;
  return {
    flow: { name, version, root: flow.root, step: step.name, config, event },
    runtime,
    ...(stack === undefined ? {} : { stack }),
  };
}

export function stepStack({ stack, onto, candidateRef, number, resume }: JobEnvelope): StepStack {
  const { id, upstream, fork, branch, base, recordedBase, policy } = stack;
  return {
    id,
    upstream,
    fork,
    branch,
    base,
    recordedBase,
    onto,
    candidateRef,
    number,
    resume,
    verify: policy.verify,
    verifySeconds: policy.deadlines.verifySeconds,
  };
}
