/**
 * Why work on a job ends before its end. The reason an AbortSignal carries through the job.
 *
 * @module
 */

export type AbortCode =
  /** The server asked: an operator cancelled, or a newer event took the attempt's place. */
  | "cancelled"
  /** The claim is not ours any more; nobody listens to a result. */
  | "claim_lost"
  /** The rest of the work is another job's: nothing is reported here. */
  | "handed_over"
  /** The attempt's own deadline. */
  | "deadline_passed"
  /** The runner was told to stop and hands the job back. */
  | "runner_stopped";

export class JobAborted extends Error {
  override readonly name = "JobAborted";
  readonly code: AbortCode;

  constructor(code: AbortCode, message: string) {
    super(message);
    this.code = code;
  }
}
