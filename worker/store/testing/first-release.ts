/**
 * The record of a deployment of the first release, in the middle of its work: an attempt that runs, one that
 * waits for a person, and a past. Columns, names and JSON are that version's; nothing here follows today's schema.
 *
 * @module
 */

type Row = Readonly<Record<string, unknown>>;

const AT = "2026-01-10T00:00:00.000Z";
const oid = (n: number): string => n.toString(16).padStart(40, "0");

const POLICY = {
  onNewer: "supersede",
  releases: { include: [], exclude: [], prereleases: false, scheme: "auto" },
  verify: ["npm test"],
  candidateRef: "patch-moi/<stackId>/<tag>",
  landing: "manual",
  driver: "pull",
  runnerLabels: ["old"],
  deadlines: { startSeconds: 259_200, attemptSeconds: 3600, verifySeconds: 1800 },
  automaticRetries: 3,
  notify: { discord: [] },
};
const CONFIG = {
  upstream: { url: "https://git.test.org/up" },
  fork: { url: "https://git.test.org/fork" },
  branch: "patched",
  policy: POLICY,
};
const SOURCE = {
  provider: "git",
  url: "https://git.test.org/up",
  event: "tag",
  target: { mode: "maintain", stacks: ["old"] },
  enabled: false,
  pollIntervalSeconds: 300,
  primeOnly: false,
};

function report(): object {
  return {
    v: 1,
    stackId: "old",
    branch: "patched",
    onto: { ref: "refs/tags/v1.0.0", oid: oid(1) },
    base: { oid: oid(2) },
    head: { oid: oid(3) },
    result: { oid: oid(4), tree: oid(5) },
    patches: [],
    counts: { carried: 0, adapted: 0, upstreamed: 0, empty: 0, dropped: 0, conflicted: 0 },
    rangeDiff: "",
    verify: [],
    drift: { commitsBehind: 0, daysBehind: 0 },
    warnings: [],
    timings: { fetch: 0, replay: 0, checkout: 0, verify: 0, push: 0 },
  };
}

/** One attempt with its event, delivery, hand-over and journal. */
function attempt(
  stackId: string,
  number: number,
  tag: string,
  states: readonly string[],
  more: Row = {},
): [string, Row][] {
  const id = `${stackId}.${number}`;
  const eventId = `patch:${stackId}-feed:${tag}:upstream.tag`;
  const status = states.at(-1) ?? "queued";
  const open = ["running", "needs_intervention"].includes(status);
  const first = (number - 1) * 4 + 2;
  return [
    [
      "flow_events",
      {
        id: eventId,
        type: "upstream.tag",
        source_id: "old-feed",
        received_at: AT,
        payload: { entry: { entryId: tag, tag } },
      },
    ],
    ["deliveries", { event_id: eventId, stack_id: stackId, status: "accepted", created_at: AT, accepted_at: AT }],
    [
      "maintenance_attempts",
      {
        id,
        stack_id: stackId,
        event_id: eventId,
        number,
        operation: "maintain",
        status,
        epoch: 1,
        retries: 0,
        onto: `refs/tags/${tag}`,
        tag,
        movement: `tag:${tag}`,
        candidates: [],
        created_at: AT,
        updated_at: AT,
        started_at: AT,
        ended_at: open ? null : AT,
        ...more,
      },
    ],
    [
      "dispatches",
      {
        id: `${id}.1`,
        attempt_id: id,
        event_id: eventId,
        stack_id: stackId,
        epoch: 1,
        driver: "pull",
        labels: ["old"],
        status: status === "running" ? "claimed" : "ended",
        created_at: AT,
        claimed_at: AT,
      },
    ],
    ...states.map((to, i): [string, Row] => [
      "journal",
      {
        stack_id: stackId,
        seq: first + i,
        at: AT,
        actor: "intake",
        command: "accept",
        writer: `first/${first + i}`,
        kind: i === 0 ? "created" : "transition",
        attempt_id: id,
        epoch: 1,
        from_status: i === 0 ? null : states[i - 1],
        to_status: to,
      },
    ]),
  ];
}

function stack(id: string, more: Row): [string, Row][] {
  const configured = {
    stack_id: id,
    seq: 1,
    at: AT,
    actor: "operator:admin",
    command: "configure",
    writer: "first/1",
    kind: "stack",
  };
  return [
    ["stacks", { id, config: CONFIG, created_at: AT, updated_at: AT, ...more }],
    ["journal", { ...configured, data: CONFIG }],
  ];
}

function rows(): [string, Row][] {
  const carried = { tag: "v1.0.0", oid: oid(4), landedAt: AT };
  const candidate = {
    id: "old.1.c1",
    stack_id: "old",
    attempt_id: "old.1",
    event_id: "patch:old-feed:v1.0.0:upstream.tag",
  };
  return [
    ...stack("old", { journal_seq: 17, attempt_count: 4, highest_tag: "v1.3.0", carried, next_action_at: AT }),
    ...stack("waits", { journal_seq: 5, attempt_count: 1, highest_tag: "v1.0.0" }),
    [
      "feed_sources",
      { id: "old-feed", config: SOURCE, primed: 1, last_outcome: "unchanged", created_at: AT, updated_at: AT },
    ],
    ["source_stacks", { source_id: "old-feed", stack_id: "old" }],
    [
      "feed_entries",
      { source_id: "old-feed", entry_id: "v1.0.0", fingerprint: "x", first_seen_at: AT, last_seen_at: AT },
    ],
    [
      "feed_signals",
      {
        source_id: "old-feed",
        entry_id: "v1.0.0",
        revision: 0,
        entry: { entryId: "v1.0.0", tag: "v1.0.0" },
        disposition: "event",
        decisions: [],
        event_id: "patch:old-feed:v1.0.0:upstream.tag",
        seen_at: AT,
      },
    ],
    ...attempt("old", 1, "v1.0.0", ["queued", "dispatched", "running", "changed"]),
    [
      "candidates",
      {
        ...candidate,
        kind: "branch",
        ref: "refs/heads/patch-moi/old/v1.0.0",
        oid: oid(4),
        created_at: AT,
        landed_at: AT,
      },
    ],
    ["reports", { attempt_id: "old.1", epoch: 1, report: report(), at: AT }],
    ...attempt("old", 2, "v1.1.0", ["queued", "dispatched", "running", "completed"]),
    ...attempt("old", 3, "v1.2.0", ["queued", "dispatched", "running", "superseded"]),
    ...attempt("old", 4, "v1.3.0", ["queued", "dispatched", "queued", "running"], {
      nonce: "nonce-of-the-older-runner",
      runner: { name: "older", version: "0.1.0" },
      deadline_at: "2099-01-01T00:00:00.000Z",
      lease_until: AT,
      next_action_at: AT,
    }),
    ...attempt("waits", 1, "v1.0.0", ["queued", "dispatched", "running", "needs_intervention"], {
      reason: { code: "conflict", message: "1 of 2 patches conflicts" },
    }),
    [
      "outbox",
      {
        id: "old.1:9:discord",
        stack_id: "old",
        attempt_id: "old.1",
        kind: "notify.discord",
        payload: {},
        status: "sent",
        next_at: AT,
        created_at: AT,
      },
    ],
  ];
}

/** The statements that write it, in an order in which every row finds what it refers to. */
export function firstRelease(): { sql: string; values: unknown[] }[] {
  return rows().map(([table, row]) => {
    const names = Object.keys(row);
    const values = Object.values(row).map((value) =>
      typeof value === "object" && value !== null ? JSON.stringify(value) : value,
    );
    return { sql: `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`, values };
  });
}
