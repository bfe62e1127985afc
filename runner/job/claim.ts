/**
 * Asks the server for a job, in the runner's own name.
 *
 * @module
 */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import {
  CheckJob,
  CLAIM_WAIT_SECONDS,
  ForecastJob,
  JobEnvelope,
  type RunnerInfo,
} from "../../worker/contract/runner-wire.ts";
import { firstIssue } from "../client/edge-api.ts";
import type { Clock } from "./clock.ts";
import { deliver, type Proof } from "./delivery.ts";

/** Over the time the server may hold a pull open. */
const ANSWER_SECONDS = 15;

/**
 * Longest wait between two tries of a claim: a runner whose server was restarted should not stand
 * idle for the five minutes that a result may wait.
 */
const MAX_DELAY_MS = 15_000;

export type ClaimOptions = {
  server: URL;
  secret: string;
  runner: RunnerInfo;
  /** How long the server may hold the pull open; at most 25 s. */
  waitSeconds: number;
  /** Whether a forecast is welcome when there is no attempt. */
  forecasts?: boolean;
  clock: Clock;
  signal?: AbortSignal;
  /** How long an unreachable server is tried again; forever without it. */
  giveUpAfterMs?: number;
  onRetry?: (tries: number, delayMs: number, why: string) => void;
};

/** Enough of an envelope to hand its job back when the rest is not understood. */
export const JobHead = z.object({
  attemptId: JobEnvelope.shape.attemptId,
  epoch: JobEnvelope.shape.epoch,
  nonce: JobEnvelope.shape.nonce,
  callbackKey: JobEnvelope.shape.callbackKey,
});
export type JobHead = z.infer<typeof JobHead>;

export type Claim =
  | { kind: "job"; envelope: JobEnvelope }
  | { kind: "forecast"; job: ForecastJob }
  /** The run was started to see whether its job is known, and it is. */
  | { kind: "check"; check: CheckJob }
  | { kind: "nothing" }
  /** A job was handed out that this version cannot read. */
  | { kind: "not_understood"; head?: JobHead; message: string }
  | { kind: "refused"; status: number; code: string; message: string }
  | { kind: "unanswered"; message: string };

export async function claimJob(options: ClaimOptions): Promise<Claim> {
  const waitSeconds = Math.max(0, Math.min(CLAIM_WAIT_SECONDS, Math.floor(options.waitSeconds)));
  // One nonce for all tries: a claim whose answer was lost is answered with the same job again.
  const { forecasts = false } = options;
  const nonce = randomBytes(24).toString("base64url");
  const body = new TextEncoder().encode(JSON.stringify({ nonce, runner: options.runner, waitSeconds, forecasts }));
  return send(body, { secret: options.secret }, { ...options, waitSeconds });
}

export type NamedClaimOptions = Omit<ClaimOptions, "secret" | "waitSeconds"> & {
  /** A forge's ID token for the job this runs in, or a registered runner's secret. */
  proof: Proof;
  attemptId: string;
  epoch: number;
  /** The same in every job of one run, so that each of them gets the same answer. */
  nonce: string;
};

/** Claims the attempt that a forge's job was started for. */
export function claimNamed(options: NamedClaimOptions): Promise<Claim> {
  const { attemptId, epoch, nonce, runner, proof } = options;
  const body = new TextEncoder().encode(JSON.stringify({ attemptId, epoch, nonce, runner }));
  return send(body, proof, { ...options, waitSeconds: 0 });
}

async function send(
  body: Uint8Array<ArrayBuffer>,
  proof: Proof,
  options: Omit<ClaimOptions, "secret">,
): Promise<Claim> {
  const sent = await deliver(
    {
      method: "POST",
      url: new URL("runner/claim", options.server),
      id: randomUUID(),
      ...proof,
      body,
      contentType: "application/json",
    },
    { ...options, maxDelayMs: MAX_DELAY_MS, timeoutMs: (options.waitSeconds + ANSWER_SECONDS) * 1000 },
  );
  if (sent.kind === "unanswered") return sent;
  if (sent.kind === "refused") return { kind: "refused", status: sent.status, code: sent.code, message: sent.message };
  if (sent.status === 204) return { kind: "nothing" };
  const forecast = ForecastJob.safeParse(sent.body);
  if (forecast.success) return { kind: "forecast", job: forecast.data };
  const check = CheckJob.safeParse(sent.body);
  if (check.success) return { kind: "check", check: check.data };
  const envelope = JobEnvelope.safeParse(sent.body);
  if (envelope.success) return { kind: "job", envelope: envelope.data };
  return {
    kind: "not_understood",
    head: JobHead.safeParse(sent.body).data,
    message: `the job is not one this version understands (${firstIssue(envelope.error)}); update the runner`,
  };
}
