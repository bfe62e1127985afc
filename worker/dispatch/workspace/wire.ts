/**
 * What a workspace backend takes and gives, whichever way it is reached.
 *
 * Its answers are read leniently: a backend may say more than we know. What is missing or of another
 * shape is a failure with a sentence, never an exception.
 *
 * @module
 */
import { z } from "zod";
import type { FlowEvent } from "../../contract/flow-event.ts";
import { describeIssues } from "../../contract/issue-words.ts";
import type { Reason } from "../../contract/primitives.ts";
import { fail, ok, type Result } from "../../platform/result.ts";

export type WorkspaceCall =
  | { method: "dispatch"; event: Omit<FlowEvent, "stackIds"> }
  | { method: "replay" | "getEvent"; eventId: string }
  | { method: "listRuns"; eventId?: string | undefined }
  | { method: "getRun" | "cancelRun"; runId: string }
  | { method: "listEvents" };

export type WorkspaceFailure = {
  /**
   * `refused`: it said no. `not_found`: it does not know what was named. `later`: not now. `unclear`:
   * nobody knows what it did.
   */
  kind: "refused" | "not_found" | "later" | "unclear";
  reason: Reason;
  afterSeconds?: number | undefined;
};

/** One backend. Answers are JSON of any shape. */
export type Workspace = (call: WorkspaceCall) => Promise<Result<unknown, WorkspaceFailure>>;

/** Longest time for one call, milliseconds. */
export const CALL_TIMEOUT_MS = 15_000;

/** Largest answer, bytes. */
export const MAX_ANSWER = 1024 * 1024;

/** Longest piece of a backend's own words in a message, characters. */
const MAX_WORDS = 300;

const RunId = z.union([z.string().min(1).max(200), z.number().transform(String)]);

export const DispatchReply = z.object({
  runIds: z.array(RunId).max(100).default([]),
  /** How many flows match the event. */
  matched: z.union([z.number(), z.boolean(), z.array(z.unknown())]).optional(),
});

export const WorkspaceRun = z.looseObject({
  id: RunId,
  eventId: z.string().optional(),
  status: z.string().max(100).optional(),
  effectiveStatus: z.string().max(100).nullish(),
  resultPayload: z
    .looseObject({
      status: z.string().max(100).optional(),
      message: z.string().optional(),
      artifacts: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
});
export type WorkspaceRun = z.infer<typeof WorkspaceRun>;

const One = z.looseObject({});

/** A list comes bare or under its name. */
export const RunList = z.union([
  z.object({ runs: z.array(WorkspaceRun) }).transform(({ runs }) => runs),
  z.array(WorkspaceRun),
]);
export const RunAnswer = z.union([z.object({ run: WorkspaceRun }).transform(({ run }) => run), WorkspaceRun]);
export const EventList = z.union([z.object({ events: z.array(One) }).transform(({ events }) => events), z.array(One)]);
export const EventAnswer = z.union([z.object({ event: One }).transform(({ event }) => event), One]);

/** Asks and reads the answer as `schema` has it. */
export async function ask<S extends z.ZodType>(
  workspace: Workspace,
  call: WorkspaceCall,
  schema: S,
): Promise<Result<z.output<S>, WorkspaceFailure>> {
  const answer = await workspace(call);
  if (!answer.ok) return answer;
  const parsed = schema.safeParse(answer.value);
  if (parsed.success) return ok(parsed.data);
  const problem = describeIssues(parsed.error)[0] ?? "unknown shape";
  return failed("unclear", "bad_answer", `the workspace's answer to ${call.method} is not understood: ${problem}`);
}

export function failed(
  kind: WorkspaceFailure["kind"],
  code: string,
  message: string,
  afterSeconds?: number,
): Result<never, WorkspaceFailure> {
  return fail({ kind, reason: { code, message: message.slice(0, 2000) }, afterSeconds });
}

/** A backend's own words as a message may hold them: one line, and not too long. */
export function words(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what goes
  const line = text.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").trim();
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS - 1)}…` : line;
}

/** The base address, with or without the name of its first resource. */
export function baseOf(url: string): string {
  return url.replace(/\/+$/, "").replace(/\/(?:flow-events|events)$/, "");
}
