/**
 * Looking outside before the clock goes on: what became of work that surfaces were handed, and what the
 * forge's checks say of candidates that wait for them. When a look is due, or somebody wants to know. It is
 * done outside the stack's turn, since whoever is asked may take their time.
 *
 * @module
 */
import { isActive } from "../worker/contract/attempt.ts";
import { lookAt } from "../worker/dispatch/hand-over.ts";
import type { AttemptRow } from "../worker/store/rows.ts";
import type { Command, StackState } from "./machine/state.ts";
import { awaitsChecks, isAskedAbout, iso, lookWait, nextLookAt } from "./machine/timing.ts";
import type { Ports } from "./ports.ts";

/** What was seen, as the clock takes it. */
export type Looked = Required<Pick<Extract<Command, { type: "tick" }>, "seen" | "checks">>;

export const NOTHING_SEEN: Looked = { seen: {}, checks: {} };

/** Whoever keeps a plan of looks in the object's own storage. */
export function isLookedAt(attempt: AttemptRow): boolean {
  return isActive(attempt.status) || awaitsChecks(attempt);
}

/** Attempts that are to be looked at now; `wanted` ones are whenever they can be: one, or all. */
export function dueLooks(
  state: StackState,
  now: string,
  looks: Readonly<Record<string, string>>,
  wanted?: { attemptId: string } | "all",
): AttemptRow[] {
  return state.open.filter((attempt) => {
    if (!isAskedAbout(attempt)) return false;
    const lookAt = nextLookAt(attempt, looks[attempt.id]);
    const due = lookAt !== null && lookAt <= now;
    const expires = attempt.status === "dispatched" || awaitsChecks(attempt);
    const late = expires && attempt.deadlineAt !== null && attempt.deadlineAt <= now;
    return wanted === "all" || wanted?.attemptId === attempt.id || due || late;
  });
}

/** Looks at each of them, and plans when to look again. */
export async function lookOutside(ports: LookPorts, due: readonly AttemptRow[]): Promise<Looked> {
  const looked: { seen: Record<string, Looked["seen"][string]>; checks: Record<string, Looked["checks"][string]> } = {
    seen: {},
    checks: {},
  };
  for (const attempt of due) {
    if (awaitsChecks(attempt)) {
      const said = await ports.checks(attempt);
      looked.checks[attempt.id] = said;
      plan(ports, attempt, said.kind === "unknown" ? said.afterSeconds : 0);
      continue;
    }
    const said = await lookAt(ports.dispatching, attempt);
    looked.seen[attempt.id] = said;
    plan(ports, attempt, said.answer.kind === "unknown" ? said.answer.afterSeconds : 0);
  }
  return looked;
}

type LookPorts = Pick<Ports, "checks" | "dispatching" | "local" | "now">;

/** Not before what the other side asked for. */
function plan({ local, now }: LookPorts, attempt: AttemptRow, afterSeconds = 0): void {
  const wait = (looks: number) => Math.max(afterSeconds * 1000, lookWait(attempt, looks));
  local.looked(attempt.id, attempt.epoch, (looks) => iso(now() + wait(looks)));
}
