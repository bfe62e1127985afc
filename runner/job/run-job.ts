/**
 * One claimed job from its envelope to the server's last word on its result: heartbeats beside the
 * work, its log, the result on disk first and then on its way.
 *
 * @module
 */
import {
  type AttemptResult,
  type JobEnvelope,
  LEASE_SECONDS,
  MAX_LEASE_SECONDS,
} from "../../worker/contract/runner-wire.ts";
import { describeError } from "../client/command-failure.ts";
import { JobAborted } from "./abort.ts";
import { Callbacks, type HeartbeatAnswer } from "./callbacks.ts";
import type { Clock } from "./clock.ts";
import type { DataHome } from "./data-home.ts";
import { JobLog } from "./job-log.ts";
import { environmentSecrets, makeRedactor } from "./redact.ts";
import { type SpoolOutcome, sendSpooled, spoolResult } from "./spool.ts";
import { trimResult } from "./trim-result.ts";
import type { Work } from "./work.ts";

/** How long the end of a log may hold up the end of a job. */
const LOG_PATIENCE_MS = 5000;

/** How long it may take to confirm that a claim is still held, before a push goes on without. */
const CONFIRM_PATIENCE_MS = 10_000;

/** How long a stopping runner tries to hand its job back before it leaves that to the next start. */
const HAND_BACK_PATIENCE_MS = 10_000;

export type RunJobOptions = {
  server: URL;
  home: DataHome;
  clock: Clock;
  work: Work;
  /** Aborted when the runner must stop at once: the job goes back. */
  handBack: AbortSignal;
  /** Secrets that no log and no report may hold, beside those of the environment. */
  secrets: readonly string[];
  /** Bytes of the log that an earlier job of the same claim sent. */
  logStartAt?: number | undefined;
  /** Remarks for the operator at the terminal. */
  say: (line: string) => void;
};

export type JobEnd = {
  attemptId: string;
  /** Absent when the claim was lost: there was nobody to report to. */
  result?: AttemptResult;
  delivery:
    | SpoolOutcome
    | { kind: "claim_lost"; message: string }
    /** Another job of the same claim goes on: `logBytes` is how long the log is by now. */
    | { kind: "handed_over"; message: string; logBytes: number };
};

export async function runJob(envelope: JobEnvelope, options: RunJobOptions): Promise<JobEnd> {
  const { server, home, clock, handBack, say } = options;
  const { attemptId, epoch } = envelope;
  const redact = makeRedactor([...environmentSecrets(process.env), envelope.callbackKey, ...options.secrets]);
  const callbacks = new Callbacks(server, envelope, clock);
  const log = new JobLog({ server, head: envelope, home, clock, redact, startAt: options.logStartAt });
  const abort = new AbortController();
  const done = new AbortController();
  const onHandBack = () =>
    abort.abort(new JobAborted("runner_stopped", "the runner was stopped and hands the job back"));
  handBack.addEventListener("abort", onHandBack);
  if (handBack.aborted) onHandBack();
  const deadlineMs = Math.min(Math.max(0, Date.parse(envelope.deadlineAt) - clock.now()), 2 ** 31 - 1);
  const deadline = setTimeout(() => {
    abort.abort(new JobAborted("deadline_passed", `the attempt's deadline, ${envelope.deadlineAt}, has passed`));
  }, deadlineMs);
  const beating = heartbeats(envelope, callbacks, clock, abort, done.signal);
  let end: AttemptResult | JobAborted;
  try {
    end = await perform(envelope, options, { abort, callbacks, log, redact });
    log.write(describeEnd(end));
  } finally {
    clearTimeout(deadline);
    handBack.removeEventListener("abort", onHandBack);
  }
  if (end instanceof JobAborted && end.code === "claim_lost") {
    done.abort();
    await beating;
    await log.close(0);
    return { attemptId, delivery: { kind: "claim_lost", message: end.message } };
  }
  if (end instanceof JobAborted && end.code === "handed_over") {
    done.abort();
    await beating;
    await holdLease(envelope, callbacks, clock, handBack);
    await log.close(LOG_PATIENCE_MS);
    return { attemptId, delivery: { kind: "handed_over", message: end.message, logBytes: log.length } };
  }
  const result = end instanceof JobAborted ? resultOfAbort(end) : trimResult(end);
  const message = callbacks.result(result);
  const path = spoolResult(home, message, attemptId, epoch);
  await log.close(handBack.aborted ? 1000 : LOG_PATIENCE_MS);
  const delivery = await sendSpooled(path, {
    clock,
    signal: handBackDelivery(handBack),
    onRetry: (_, delayMs, why) =>
      say(`${why}; the result of ${attemptId} is sent again in ${Math.round(delayMs / 1000)} s`),
  });
  // The claim is kept alive until the result has arrived: an expired one would be handed out again.
  done.abort();
  await beating;
  return { attemptId, result, delivery };
}

type Bench = { abort: AbortController; callbacks: Callbacks; log: JobLog; redact: (text: string) => string };

async function perform(
  envelope: JobEnvelope,
  options: RunJobOptions,
  bench: Bench,
): Promise<AttemptResult | JobAborted> {
  const { abort, callbacks, log, redact } = bench;
  try {
    return await options.work(envelope, {
      home: options.home,
      signal: abort.signal,
      redact,
      push: true,
      progress: (progress) => callbacks.progress(progress, abort.signal),
      // Who slept through his lease must not push over what was done since. Without an answer the exact lease
      // of the push has to do.
      confirm: async () => {
        heed(await callbacks.heartbeat(CONFIRM_PATIENCE_MS, abort.signal), abort);
        abort.signal.throwIfAborted();
      },
      log: (text) => log.write(text),
    });
  } catch (error) {
    const reason: unknown = abort.signal.reason;
    if (reason instanceof JobAborted) return reason;
    if (error instanceof JobAborted) return error;
    const message = redact(describeError(error)).slice(0, 3000);
    return {
      outcome: "failed",
      infrastructure: true,
      reason: { code: "runner_error", message: `the runner itself failed: ${message}` },
      candidates: [],
    };
  }
}

/** Beats until the job is done; a claim that is lost or cancelled aborts the work. */
async function heartbeats(
  envelope: JobEnvelope,
  callbacks: Callbacks,
  clock: Clock,
  abort: AbortController,
  done: AbortSignal,
): Promise<void> {
  const everyMs = Math.max(1, envelope.heartbeatSeconds) * 1000;
  while (await clock.wait(everyMs, done)) {
    const answer = await callbacks.heartbeat(everyMs, done);
    heed(answer, abort);
    if (answer.kind === "lost") return;
  }
}

function heed(answer: HeartbeatAnswer, abort: AbortController): void {
  if (answer.kind === "cancel") abort.abort(new JobAborted("cancelled", "the server asked to cancel the attempt"));
  if (answer.kind === "lost")
    abort.abort(new JobAborted("claim_lost", `the server no longer takes this claim's reports: ${answer.code}`));
}

/** Nobody beats while the work goes on without credentials: the lease must last as long as the attempt may. */
async function holdLease(envelope: JobEnvelope, callbacks: Callbacks, clock: Clock, signal: AbortSignal) {
  const left = Math.ceil((Date.parse(envelope.deadlineAt) - clock.now()) / 1000);
  const leaseSeconds = Math.min(MAX_LEASE_SECONDS, Math.max(LEASE_SECONDS, left));
  await callbacks.heartbeat(LEASE_SECONDS * 1000, signal, leaseSeconds);
}

function resultOfAbort(abort: JobAborted): AttemptResult {
  return {
    outcome: "failed",
    infrastructure: abort.code === "runner_stopped",
    reason: { code: abort.code, message: abort.message },
    candidates: [],
  };
}

/** Aborted a little after the runner was told to stop: time for one or two tries. */
function handBackDelivery(handBack: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const stopSoon = () => setTimeout(() => controller.abort(), HAND_BACK_PATIENCE_MS).unref();
  if (handBack.aborted) stopSoon();
  else handBack.addEventListener("abort", stopSoon, { once: true });
  return controller.signal;
}

function describeEnd(end: AttemptResult | JobAborted): string {
  if (end instanceof JobAborted) return `stopped: ${end.message}`;
  return `ended ${end.outcome}${end.reason === undefined ? "" : ` (${end.reason.code}): ${end.reason.message}`}`;
}
