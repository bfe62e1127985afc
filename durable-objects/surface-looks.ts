/**
 * Asking surfaces what became of the work they were handed: when one is due, and when somebody wants
 * to know. It is done outside the stack's turn, since a surface may take its time.
 *
 * @module
 */
import { isActive } from "../worker/contract/attempt.ts";
import { lookAt, type Seen } from "../worker/dispatch/hand-over.ts";
import type { AttemptRow } from "../worker/store/rows.ts";
import { capabilitiesOf, type StackState } from "./machine/state.ts";
import { firstLookAt, iso, lookWait } from "./machine/timing.ts";
import type { Ports } from "./ports.ts";

/** Attempts whose surface is to be asked now; `wanted` is asked whenever it can be. */
export function dueLooks(
  state: StackState,
  now: string,
  looks: Readonly<Record<string, string>>,
  wanted?: string,
): AttemptRow[] {
  return state.open.filter((attempt) => {
    if (!isActive(attempt.status) || !capabilitiesOf(attempt).status) return false;
    const reports = attempt.status === "running" && capabilitiesOf(attempt).claims;
    if (attempt.id === wanted) return !reports;
    const late = attempt.status === "dispatched" && attempt.deadlineAt !== null && attempt.deadlineAt <= now;
    const lookAt = looks[attempt.id] ?? firstLookAt(attempt);
    return late || (lookAt !== null && lookAt <= now);
  });
}

/** Asks about each of them, and plans when to ask again. */
export async function askSurfaces(
  { dispatching, local, now }: Pick<Ports, "dispatching" | "local" | "now">,
  due: readonly AttemptRow[],
): Promise<Record<string, Seen>> {
  const seen: Record<string, Seen> = {};
  for (const attempt of due) {
    const said = await lookAt(dispatching, attempt);
    seen[attempt.id] = said;
    if (capabilitiesOf(attempt).claims) continue;
    const asked = said.answer.kind === "unknown" ? (said.answer.afterSeconds ?? 0) * 1000 : 0;
    local.looked(attempt.id, attempt.epoch, (looks) => iso(now() + Math.max(asked, lookWait(looks))));
  }
  return seen;
}
