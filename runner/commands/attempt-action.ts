/**
 * What sync, resume, cancel, dismiss and land have in common: one POST to an attempt, and the
 * attempt that comes back.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import type { Session } from "../client/session.ts";
import { shortRef, statusWord } from "../client/table.ts";

export const AttemptAnswer = z.object({ attempt: MaintenanceAttempt });

export async function actOnAttempt(session: Session, id: string, action: string, body?: unknown): Promise<void> {
  const request = { method: "POST" as const, path: ["maintenance-attempts", id, action], body, answer: AttemptAnswer };
  const answer = await session.watch(`${action} ${id}`, session.api().request(request));
  session.answer(answer.raw, () => describeAttempt(answer.value.attempt));
}

/** An attempt in one line. */
export function describeAttempt(attempt: MaintenanceAttempt): string {
  const reason = attempt.reason === undefined ? "" : `: ${attempt.reason.message}`;
  return `${attempt.id} (${attempt.operation} onto ${shortRef(attempt.onto)}) is ${statusWord(attempt.status)}${reason}`;
}
