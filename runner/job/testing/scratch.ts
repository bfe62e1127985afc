/**
 * Folders, secrets and envelopes for tests.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JobEnvelope } from "../../../worker/contract/runner-wire.ts";
import { StackPolicy } from "../../../worker/contract/stack.ts";
import { encodeSecret } from "../../../worker/contract/standard-webhooks.ts";
import { type DataHome, openDataHome } from "../data-home.ts";

export type Scratch = { path: string; home: DataHome; [Symbol.dispose]: () => void };

export function scratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), "patch-moi-test-"));
  return {
    path,
    home: openDataHome(join(path, "home")),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export function newSecret(): string {
  return encodeSecret(randomBytes(32));
}

export type EnvelopeParts = {
  callbackKey?: string;
  upstream?: string;
  fork?: string;
  branch?: string;
  tag?: string;
  /** A push to this branch of upstream, in place of a release. */
  pushed?: string;
  sha?: string;
  policy?: unknown;
  number?: number;
} & Partial<
  Pick<JobEnvelope, "heartbeatSeconds" | "operation" | "land" | "promote" | "resume" | "deadlineAt" | "candidateRef">
>;

/** The envelope of a release's attempt; the shape is checked where the URLs are ones of the wire. */
export function testEnvelope(parts: EnvelopeParts = {}): JobEnvelope {
  const tag = parts.tag ?? "v2";
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const envelope: JobEnvelope = {
    v: 1,
    attemptId: `web.${parts.number ?? 1}`,
    epoch: 1,
    nonce: "nonce-nonce-nonce",
    number: parts.number ?? 1,
    operation: parts.operation ?? "maintain",
    replay: false,
    event: {
      id: `patch:web:${tag}:upstream.release`,
      type: parts.pushed === undefined ? "upstream.release" : "upstream.push",
      receivedAt: "2026-11-22T11:00:00.000Z",
      payload: { entry: { entryId: tag, tag } },
    },
    stack: {
      id: "web",
      upstream: { url: parts.upstream ?? "https://git.example/upstream.git" },
      fork: { url: parts.fork ?? "https://git.example/fork.git" },
      branch: parts.branch ?? "patches",
      policy: StackPolicy.parse(parts.policy ?? {}),
    },
    onto: { ref: parts.pushed === undefined ? tag : `refs/heads/${parts.pushed}`, sha: parts.sha },
    candidateRef: parts.candidateRef ?? `patch-moi/web/${tag}`,
    resume: parts.resume,
    land: parts.land,
    promote: parts.promote,
    callbackKey: parts.callbackKey ?? newSecret(),
    leaseUntil: soon,
    deadlineAt: parts.deadlineAt ?? soon,
    heartbeatSeconds: parts.heartbeatSeconds ?? 30,
  };
  return parts.upstream === undefined ? JobEnvelope.parse(envelope) : envelope;
}
