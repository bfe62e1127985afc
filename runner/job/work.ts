/**
 * What the work on a job is, seen from the loop that claims and reports.
 *
 * @module
 */
import type { AttemptProgress, AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import type { StackRepositories } from "../../worker/contract/stack.ts";
import type { DataHome } from "./data-home.ts";
import type { Redactor } from "./redact.ts";
import type { Verified, VerifyRequest } from "./verify-stack.ts";

/** A job on repositories that the stack names. */
export type RepositoryJob = JobEnvelope & { stack: StackRepositories };

export type WorkTools = {
  home: DataHome;
  /** Aborted with a `JobAborted`; the work then throws that reason, its children ended. */
  signal: AbortSignal;
  progress: (progress: AttemptProgress) => void;
  log: (text: string) => void;
  redact: Redactor;
  /** Off: everything is done but the push. */
  push: boolean;
  /** Asks the server whether the job is still ours, before a ref moves; throws the abort when it is not. */
  confirm?: () => Promise<void>;
  /** In place of running the verify commands here. */
  verify?: (request: VerifyRequest) => Promise<Verified>;
};

/** Does one job. Whatever can go wrong in it is a result; it throws for an abort and for bugs. */
export type Work = (envelope: JobEnvelope, tools: WorkTools) => Promise<AttemptResult>;
