/**
 * Broken variants of the code that the simulation must catch: each takes out one thing that keeps the
 * record right. An edit names the exact text it replaces, so that a mutant never goes stale unseen.
 *
 * @module
 */
export type Edit = { find: string; put: string };

export type Mutant = { name: string; file: string; edits: readonly Edit[] };

export const MUTANTS: readonly Mutant[] = [
  {
    name: "no epoch check",
    file: "durable-objects/machine/runner.ts",
    edits: [
      { find: "  if (epoch !== attempt.epoch) return { attempt, refused: fenced(attempt) };\n", put: "" },
      { find: "if (epoch !== attempt.epoch || (attempt.nonce", put: "if ((attempt.nonce" },
    ],
  },
  {
    name: "epoch not raised on requeue",
    file: "durable-objects/machine/hand-out.ts",
    edits: [{ find: "    epoch: attempt.epoch + 1,\n    ...change,", put: "    ...change," }],
  },
  {
    name: "cursor moved before the event",
    file: "worker/store/feed-entries.ts",
    edits: [
      {
        find: "export async function storeIntake(",
        put: `export async function storeIntake(...[db, id, rows, marks, now]: Parameters<typeof asOne>) {
  const cursor = { ...rows, signals: [], events: [], deliveries: [] };
  return (await asOne(db, id, cursor, marks, now)) ?? (await asOne(db, id, { ...rows, entries: [] }, {}, now));
}

async function asOne(`,
      },
    ],
  },
  {
    name: "no journal guard",
    file: "worker/store/journal.ts",
    edits: [
      { find: "insertRows(db, journal, c.journal)", put: 'insertRows(db, journal, c.journal, "ignore")' },
      { find: ", journalSeq: afterTheLast(c.journal.length)", put: "" },
    ],
  },
  {
    name: "no cron poke",
    file: "worker/cron.ts",
    edits: [{ find: 'part("pokes", () => pokeOverdue(env, db, at))', put: 'part("pokes", () => Promise.resolve(0))' }],
  },
  {
    name: "acknowledged before the commit",
    file: "worker/store/journal.ts",
    edits: [
      {
        find: "export async function commitDecision(",
        put: `export function commitDecision(db: Database, commitment: Commit): Promise<CommitOutcome> {
  void some(db, commitment);
  return Promise.resolve({ kind: "committed" });
}

async function some(`,
      },
    ],
  },
  {
    name: "effect before its record",
    file: "durable-objects/stack-keeper.ts",
    edits: [
      {
        find: "    const outcome = await commitDecision(",
        put: "    for (const effect of changes.outbox) await this.ports.perform(effect);\n    const outcome = await commitDecision(",
      },
    ],
  },
  {
    name: "retry counter reset by cancel",
    file: "durable-objects/machine/operator.ts",
    edits: [
      {
        find: "draft.amend(attempt, { cancelRequested: true, deadlineAt })",
        put: "draft.amend(attempt, { cancelRequested: true, deadlineAt, retries: 0 })",
      },
    ],
  },
  {
    name: "lease extended by a look at the clock",
    file: "durable-objects/stack-desk.ts",
    edits: [
      {
        find: '    return { type: "tick", leases:',
        put: `    for (const a of state.open)
      if (a.status === "running") this.ports.local.extendLease(a.id, a.epoch, iso(this.ports.now() + LEASE_MS));
    return { type: "tick", leases:`,
      },
    ],
  },
  {
    name: "evidence applied after the end",
    file: "durable-objects/machine/runner.ts",
    edits: [{ find: "  if (refused !== null) {", put: '  if (refused !== null && refused.code !== "closed") {' }],
  },
  {
    name: "any nonce may hold the claim",
    file: "durable-objects/machine/runner.ts",
    edits: [{ find: "    if (attempt.nonce === nonce) return", put: "    if (attempt.nonce !== null) return" }],
  },
  {
    name: "sent again without a look",
    file: "worker/dispatch/hand-over.ts",
    edits: [{ find: "if (effect.tries > 0 || record.earlierUnclear) {", put: "if (record.earlierUnclear) {" }],
  },
  {
    name: "a job that never claims is not looked for",
    file: "durable-objects/machine/timing.ts",
    edits: [
      {
        find: "if (!isAskedAbout(attempt)) return null;",
        put: "if (!isAskedAbout(attempt) || looksOf(attempt) === AWAITED) return null;",
      },
    ],
  },
  {
    name: "a job that dies under a long lease is not looked for",
    file: "durable-objects/machine/timing.ts",
    edits: [
      {
        find: "isActive(status) && CAPABILITIES[surface.driver].status;",
        put: "isActive(status) && CAPABILITIES[surface.driver].status && !(looksOf(attempt) === HELD);",
      },
    ],
  },
  {
    name: "work that a surface forgot is waited for",
    file: "durable-objects/machine/surface.ts",
    edits: [{ find: "const lost = takenAt !== undefined &&", put: "const lost = false && takenAt !== undefined &&" }],
  },
  {
    name: "a try that is not on record",
    file: "durable-objects/outbox-drain.ts",
    edits: [{ find: "  if (!(await takeEffect(", put: "  if (false && !(await takeEffect(" }],
  },
  {
    name: "checks not waited for",
    file: "durable-objects/machine/checks.ts",
    edits: [{ find: 'answer?.kind === "passed" && (', put: 'answer?.kind === "pending" || (' }],
  },
  {
    name: "a message that grows after it left",
    file: "worker/store/outbox.ts",
    edits: [
      {
        find: "status = 'pending' AND tries = 0 AND json_type(payload, '$.others') IS NULL",
        put: "status = 'pending'",
      },
      {
        find: "AND status = 'folded' AND json_extract(payload, '$.leavesWith') = ?1",
        put: "AND json_extract(payload, '$.leavesWith') = ?1",
      },
    ],
  },
  {
    name: "a group that forgets what leaves with it",
    file: "worker/store/outbox.ts",
    edits: [{ find: "[FOLDED, GATHERED].map", put: "[FOLDED].map" }],
  },
  {
    name: "a source that is under way is claimed again",
    file: "worker/store/poll-batches.ts",
    edits: [{ find: "AND id NOT IN (", put: "AND 1 NOT IN (" }],
  },
  {
    name: "a batch that was lost is never claimed again",
    file: "worker/store/poll-batches.ts",
    edits: [{ find: "WHERE expires_at <= ?1", put: "WHERE expires_at <= ?1 AND 0" }],
  },
];
