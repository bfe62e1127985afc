/**
 * What must hold after the storm, read through the API and from the repositories.
 *
 * @module
 */
import type { AttemptDetail } from "../../worker/contract/attempt.ts";
import type { AdminApi } from "../deployment/admin-api.ts";
import type { Fleet } from "./fleet.ts";
import { stackName } from "./storm.ts";

/** Every violation, in words; none when all is well. */
export async function violations(fleet: Fleet, api: AdminApi): Promise<string[]> {
  const found: string[] = [];
  /** Tag to the one right commit: all forks have the same history. */
  const right = new Map<string, string>();
  for (let pair = 0; pair < fleet.size; pair++) {
    const stackId = stackName(pair);
    const say = (what: string): number => found.push(`${stackId}: ${what}`);
    const events = await api.events(stackId);
    const attempts = await api.attempts({ stackId });
    const details = await Promise.all(attempts.map((attempt) => api.attempt(attempt.id)));

    const told = events.map((event) => event.payload.entry.tag ?? "").toSorted();
    const released = fleet.released(pair).toSorted();
    if (told.join() !== released.join()) say(`released ${released.join()} and has events for ${told.join()}`);
    for (const event of events)
      if (!attempts.some((attempt) => attempt.eventId === event.id)) say(`${event.id} has no attempt`);
    for (const { attempt } of details)
      if (!["changed", "superseded"].includes(attempt.status))
        say(
          `${attempt.id} is ${attempt.status} (${attempt.reason?.code ?? "no reason"}: ${attempt.reason?.message ?? ""})`,
        );

    const newest = fleet.released(pair).at(-1) ?? "";
    const last = attempts.filter((attempt) => attempt.tag === newest && attempt.status === "changed");
    if (last.length !== 1) say(`${newest} was carried ${last.length} times`);
    for (const line of journal(details)) say(line);

    const pushed = await fleet.candidates(pair, stackId);
    const recorded = attempts.flatMap((attempt) => attempt.candidates);
    for (const candidate of recorded) {
      const tag = candidate.ref.slice(candidate.ref.lastIndexOf("/") + 1);
      if (pushed.get(tag) !== candidate.oid)
        say(`${candidate.ref} is recorded at ${candidate.oid}, stands at ${pushed.get(tag)}`);
    }
    for (const [tag, oid] of pushed) {
      const known = right.get(tag);
      if (known === undefined) {
        right.set(tag, oid);
        const tree = await fleet.treeOf(pair, oid);
        const rebased = await fleet.rebasedTree(tag);
        if (tree !== rebased) say(`${tag} has the tree ${tree}, git rebase gives ${rebased}`);
      } else if (known !== oid) say(`the candidate for ${tag} is ${oid}, elsewhere ${known}`);
    }
  }
  return found;
}

/** `200 events; 57 changed, 143 superseded; 12 handed out more than once`: what the storm was made of. */
export async function summary(fleet: Fleet, api: AdminApi): Promise<string> {
  let events = 0;
  let again = 0;
  const statuses = new Map<string, number>();
  for (let pair = 0; pair < fleet.size; pair++) {
    events += (await api.events(stackName(pair))).length;
    for (const attempt of await api.attempts({ stackId: stackName(pair) })) {
      statuses.set(attempt.status, (statuses.get(attempt.status) ?? 0) + 1);
      if (attempt.epoch > 1) again += 1;
    }
  }
  const counts = [...statuses].map(([status, count]) => `${count} ${status}`).join(", ");
  return `${events} events; ${counts}; ${again} handed out more than once`;
}

/** The stack's journal as its attempts show it: one order, nothing twice, never two active at a time. */
export function journal(details: readonly AttemptDetail[]): string[] {
  const found: string[] = [];
  const rows = details
    .flatMap((detail) => detail.timeline.map((entry) => ({ ...entry, attemptId: detail.attempt.id })))
    .toSorted((a, b) => a.seq - b.seq);
  const status = new Map<string, string>();
  for (const row of rows) {
    if (row.to === undefined) continue;
    const before = status.get(row.attemptId);
    if (row.from !== undefined && before !== undefined && row.from !== before)
      found.push(`${row.attemptId} goes from ${row.from} at seq ${row.seq}, but was ${before}`);
    status.set(row.attemptId, row.to);
    const active = [...status].filter(([, now]) => now === "dispatched" || now === "running");
    if (active.length > 1) found.push(`at seq ${row.seq} active at once: ${active.map(([id]) => id).join(", ")}`);
  }
  for (const { attempt } of details)
    if (status.get(attempt.id) !== attempt.status)
      found.push(`${attempt.id} is ${attempt.status}, its timeline ends in ${status.get(attempt.id) ?? "nothing"}`);
  const seqs = rows.map((row) => `${row.seq}`);
  if (new Set(seqs).size !== seqs.length) found.push("a journal number occurs twice");
  return found;
}
