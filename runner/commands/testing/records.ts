/**
 * Records as the API shows them.
 *
 * @module
 */
import type { AttemptDetail, MaintenanceAttempt } from "../../../worker/contract/attempt.ts";
import { FeedSource } from "../../../worker/contract/feed-source.ts";
import type { FlowEvent } from "../../../worker/contract/flow-event.ts";
import type { StackReport } from "../../../worker/contract/report.ts";
import { Stack } from "../../../worker/contract/stack.ts";

export const at = "2026-11-22T11:00:00.000Z";
const oid = (letter: string) => letter.repeat(40);

export const attempt: MaintenanceAttempt = {
  id: "web.12",
  stackId: "web",
  eventId: "patch:web-releases:tag:github.com,2008:Repository/1/v2.1.0:upstream.release",
  number: 12,
  operation: "maintain",
  status: "needs_intervention",
  reason: { code: "conflict", message: "1 of 2 patches conflicts with v2.1.0: 'Retry on 429' in src/http/client.ts" },
  epoch: 1,
  retries: 0,
  onto: "v2.1.0",
  tag: "v2.1.0",
  cancelRequested: false,
  runner: { name: "builder-1", version: "0.1.0" },
  candidates: [],
  createdAt: at,
  updatedAt: at,
};

export const event: FlowEvent = {
  id: attempt.eventId,
  type: "upstream.release",
  sourceId: "web-releases",
  receivedAt: at,
  payload: { entry: { entryId: "v2.1.0", tag: "v2.1.0", title: "v2.1.0" } },
  stackIds: ["web"],
};

const report: StackReport = {
  v: 1,
  stackId: "web",
  branch: "patches",
  onto: { ref: "v2.1.0", oid: oid("1") },
  base: { oid: oid("2") },
  head: { oid: oid("3") },
  result: null,
  patches: [
    {
      oid: oid("a"),
      subject: "Retry on 429 with the time that the server asks for, and never more than five times in a row",
      author: "A. Person <a@example.org>",
      authoredAt: at,
      outcome: "conflicted",
      conflicts: [
        {
          path: "src/http/client.ts",
          kind: "contents",
          upstreamCommits: [{ oid: oid("c"), subject: "Rewrite the HTTP client" }],
        },
      ],
    },
    {
      oid: oid("b"),
      subject: "Fix the build",
      author: "A",
      authoredAt: at,
      outcome: "upstreamed",
      upstreamOid: oid("d"),
    },
  ],
  counts: { carried: 0, adapted: 0, upstreamed: 1, empty: 0, dropped: 0, conflicted: 1 },
  rangeDiff: "",
  verify: [{ command: "npm test", exitCode: 1, seconds: 12.5, outputTail: "not ok 1\n" }],
  drift: { commitsBehind: 12, daysBehind: 3.2 },
  warnings: [],
  timings: { fetch: 1, replay: 1, checkout: 0, verify: 0, push: 0 },
};

export const detail: AttemptDetail = {
  attempt,
  timeline: [
    { seq: 1, at, actor: "intake", kind: "created", to: "queued" },
    {
      seq: 4,
      at,
      actor: "runner:builder-1",
      kind: "transition",
      from: "running",
      to: "needs_intervention",
      reason: attempt.reason,
    },
  ],
  report,
  earlierReports: [{ epoch: 1, at, report: { ...report, onto: { ref: "v2.0.0", oid: oid("4") } } }],
};

export const stackConfig = {
  upstream: { url: "https://git.example/up.git" },
  fork: { url: "https://git.example/fork.git" },
  branch: "patches",
};
export const stack = Stack.parse({ id: "web", ...stackConfig, paused: false, createdAt: at, updatedAt: at });

export const sourceConfig = {
  provider: "github",
  url: "https://git.example/releases.atom",
  event: "release",
  target: { mode: "maintain", stacks: ["web"] },
};
export const source = FeedSource.parse({
  id: "web-releases",
  ...sourceConfig,
  health: { primed: true, consecutiveFailures: 0 },
  createdAt: at,
  updatedAt: at,
});
