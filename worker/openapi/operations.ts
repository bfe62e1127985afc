/**
 * Every operation of the API by name: what it is for, and who may. One place, since the document, the
 * reference page and the test of who may do what all read it.
 *
 * @module
 */
import type { TokenScope } from "../contract/identity.ts";

/**
 * `none`: anyone. `runner`: a signature or ID token instead of an admin token. `webhook`: the sender's own
 * signature.
 */
export type Access = TokenScope | "none" | "runner" | "webhook";

export type Operation = { id: string; tag: Tag; access: Access; summary: string };

/** In the order in which the reference shows them. */
export const TAGS = {
  events: "What happened upstream, each movement once.",
  attempts: "Tries at carrying a stack over an event, and what a person can do about them.",
  dispatches: "Hand-overs of attempts to whoever does the Git work.",
  stacks: "Patch stacks: an upstream, a fork, a branch and a policy.",
  candidates: "What attempts produced.",
  sources: "Feeds that are watched, and what they said.",
  interventions: "What waits for a person.",
  identities: "Who may: runners and tokens.",
  deployment: "How the deployment is.",
  runner: "What runners send; see the guide to runners.",
} as const;
export type Tag = keyof typeof TAGS;

/** By method and path, as the document writes it. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "GET /flow-events": {
    id: "listFlowEvents",
    tag: "events",
    access: "read",
    summary: "Events, newest first",
  },
  "POST /flow-events": {
    id: "acceptFlowEvent",
    tag: "events",
    access: "operate",
    summary: "Accept an event by hand; the same id twice is one event",
  },
  "GET /flow-events/{id}": {
    id: "getFlowEvent",
    tag: "events",
    access: "read",
    summary: "An event with its dispatches and attempts",
  },
  "POST /flow-events/{id}/retry": {
    id: "retryFlowEvent",
    tag: "events",
    access: "operate",
    summary: "A new attempt, after the event's last one ended badly",
  },
  "POST /flow-events/{id}/replay": {
    id: "replayFlowEvent",
    tag: "events",
    access: "operate",
    summary: "A new attempt, whatever came of the event so far",
  },
  "GET /maintenance-attempts": {
    id: "listAttempts",
    tag: "attempts",
    access: "read",
    summary: "Attempts, newest first",
  },
  "GET /maintenance-attempts/{id}": {
    id: "getAttempt",
    tag: "attempts",
    access: "read",
    summary: "An attempt with its timeline and stack report",
  },
  "GET /maintenance-attempts/{id}/log": {
    id: "getAttemptLog",
    tag: "attempts",
    access: "read",
    summary: "The runner's log: text, a range of it, or a stream that follows",
  },
  "POST /maintenance-attempts/{id}/sync": {
    id: "syncAttempt",
    tag: "attempts",
    access: "operate",
    summary: "Ask the execution surface what became of it, and record that",
  },
  "POST /maintenance-attempts/{id}/resume": {
    id: "resumeAttempt",
    tag: "attempts",
    access: "operate",
    summary: "Go on after a person acted",
  },
  "POST /maintenance-attempts/{id}/cancel": {
    id: "cancelAttempt",
    tag: "attempts",
    access: "operate",
    summary: "Stop an attempt",
  },
  "POST /maintenance-attempts/{id}/dismiss": {
    id: "dismissAttempt",
    tag: "attempts",
    access: "operate",
    summary: "Close an intervention without doing anything",
  },
  "POST /maintenance-attempts/{id}/land": {
    id: "landAttempt",
    tag: "attempts",
    access: "operate",
    summary: "Move the maintained branch to the attempt's candidate",
  },
  "GET /workspace-dispatches": {
    id: "listDispatches",
    tag: "dispatches",
    access: "read",
    summary: "Dispatches, newest first",
  },
  "GET /flow-dispatches": {
    id: "listFlowDispatches",
    tag: "dispatches",
    access: "read",
    summary: "The same as /workspace-dispatches",
  },
  "GET /workspace-events": {
    id: "listWorkspaceEvents",
    tag: "dispatches",
    access: "read",
    summary: "Events as the workspace backend has them",
  },
  "GET /workspace-events/{id}": {
    id: "getWorkspaceEvent",
    tag: "dispatches",
    access: "read",
    summary: "One of the workspace backend's events",
  },
  "GET /workspace-runs": {
    id: "listWorkspaceRuns",
    tag: "dispatches",
    access: "read",
    summary: "Runs as the workspace backend has them",
  },
  "GET /workspace-runs/{id}": {
    id: "getWorkspaceRun",
    tag: "dispatches",
    access: "read",
    summary: "One of the workspace backend's runs",
  },
  "GET /stacks": { id: "listStacks", tag: "stacks", access: "read", summary: "Declared stacks, newest first" },
  "GET /stacks/{id}": { id: "getStack", tag: "stacks", access: "read", summary: "A stack and where it stands" },
  "PUT /stacks/{id}": { id: "putStack", tag: "stacks", access: "admin", summary: "Declare or change a stack" },
  "DELETE /stacks/{id}": {
    id: "deleteStack",
    tag: "stacks",
    access: "admin",
    summary: "Take a stack away; its records stay",
  },
  "POST /stacks/{id}/pause": {
    id: "pauseStack",
    tag: "stacks",
    access: "operate",
    summary: "Hand out no attempt until it is unpaused",
  },
  "POST /stacks/{id}/unpause": {
    id: "unpauseStack",
    tag: "stacks",
    access: "operate",
    summary: "Hand out attempts again",
  },
  "GET /stacks/{id}/forecasts": {
    id: "listForecasts",
    tag: "stacks",
    access: "read",
    summary: "What carrying the stack onto the upstream branch would have met, newest first",
  },
  "GET /stacks/{id}/channels": {
    id: "listChannels",
    tag: "stacks",
    access: "read",
    summary: "The stack's channels, and what each stands on",
  },
  "POST /candidates/{id}/promote": {
    id: "promoteCandidate",
    tag: "stacks",
    access: "operate",
    summary: "Move a channel to the candidate",
  },
  "POST /stacks/{id}/backfill": {
    id: "backfillStack",
    tag: "stacks",
    access: "operate",
    summary: "Past movements that pass today's policy become events",
  },
  "GET /stacks/{id}/why": {
    id: "whyVersion",
    tag: "stacks",
    access: "read",
    summary: "What became of an upstream version, and why, from the record alone",
  },
  "POST /stacks/{id}/history": {
    id: "recallStack",
    tag: "stacks",
    access: "admin",
    summary: "Write down what happened before the record began; nothing of it is work",
  },
  "POST /feed-sources/{id}/history": {
    id: "recallSource",
    tag: "sources",
    access: "admin",
    summary: "What a feed has told before, so that it is no news",
  },
  "GET /candidates": {
    id: "listCandidates",
    tag: "candidates",
    access: "read",
    summary: "Candidates of a stack, newest first",
  },
  "GET /feed-sources": { id: "listSources", tag: "sources", access: "read", summary: "Sources, newest first" },
  "GET /feed-sources/{id}": { id: "getSource", tag: "sources", access: "read", summary: "A source and its health" },
  "PUT /feed-sources/{id}": { id: "putSource", tag: "sources", access: "admin", summary: "Declare or change a source" },
  "DELETE /feed-sources/{id}": {
    id: "deleteSource",
    tag: "sources",
    access: "admin",
    summary: "Stop watching; events made from it stay",
  },
  "POST /feed-sources/{id}/poll": { id: "pollSource", tag: "sources", access: "operate", summary: "Poll it now" },
  "POST /feed-sources/preview": {
    id: "previewFeed",
    tag: "sources",
    access: "operate",
    summary: "What a feed would make happen; stores nothing",
  },
  "POST /feed-sources/{id}/webhook-secret": {
    id: "makeWebhookSecret",
    tag: "sources",
    access: "admin",
    summary: "A new secret for the forge's webhook; shown once",
  },
  "DELETE /feed-sources/{id}/webhook-secret": {
    id: "deleteWebhookSecret",
    tag: "sources",
    access: "admin",
    summary: "Take no webhooks for this source any more",
  },
  "GET /feed-signals": {
    id: "listSignals",
    tag: "sources",
    access: "read",
    summary: "What a source said, newest first, and what was made of it",
  },
  "GET /interventions": {
    id: "listInterventions",
    tag: "interventions",
    access: "read",
    summary: "What waits for a person, oldest first, with what to do",
  },
  "POST /interventions/{id}/redrive": {
    id: "redriveEffect",
    tag: "interventions",
    access: "operate",
    summary: "Send a dead letter again",
  },
  "GET /runners": { id: "listRunners", tag: "identities", access: "read", summary: "Registered runners" },
  "POST /runners": {
    id: "registerRunner",
    tag: "identities",
    access: "admin",
    summary: "Register a runner; its secret is shown once",
  },
  "POST /runners/{name}/rotate": {
    id: "rotateRunner",
    tag: "identities",
    access: "admin",
    summary: "A new secret; the one before works for a day",
  },
  "DELETE /runners/{name}": {
    id: "deleteRunner",
    tag: "identities",
    access: "admin",
    summary: "Its secret is worth nothing from now on",
  },
  "GET /tokens": { id: "listTokens", tag: "identities", access: "admin", summary: "Tokens, without their secrets" },
  "POST /tokens": {
    id: "createToken",
    tag: "identities",
    access: "admin",
    summary: "Make a token; its secret is shown once",
  },
  "DELETE /tokens/{name}": {
    id: "deleteToken",
    tag: "identities",
    access: "admin",
    summary: "Its secret is worth nothing from now on",
  },
  "GET /credentials": {
    id: "listCredentials",
    tag: "identities",
    access: "admin",
    summary: "Credentials of forges and workspace backends, without their values",
  },
  "POST /credentials": {
    id: "storeCredential",
    tag: "identities",
    access: "admin",
    summary: "Store a credential, sealed; its value is never shown again",
  },
  "POST /credentials/reseal": {
    id: "resealCredentials",
    tag: "identities",
    access: "admin",
    summary: "Seal all of them under the newest key",
  },
  "DELETE /credentials/{name}": {
    id: "deleteCredential",
    tag: "identities",
    access: "admin",
    summary: "Forget a credential",
  },
  "GET /healthz": {
    id: "health",
    tag: "deployment",
    access: "none",
    summary: "Whether it answers; deep, with a token: what is degraded and how to mend it",
  },
  "GET /records": {
    id: "exportRecords",
    tag: "deployment",
    access: "admin",
    summary: "The whole record, page by page: what an export is made of",
  },
  "GET /records/stacks/{id}": {
    id: "exportMoved",
    tag: "deployment",
    access: "admin",
    summary: "What happened in a stack while an export read the rest",
  },
  "POST /records": {
    id: "importRecords",
    tag: "deployment",
    access: "admin",
    summary: "Take in lines of an export; what is there stays as it is",
  },
  "GET /metrics": { id: "metrics", tag: "deployment", access: "read", summary: "Prometheus text" },
  "POST /tick": {
    id: "tick",
    tag: "deployment",
    access: "operate",
    summary: "What the cron does every minute, now",
  },
  "POST /runner/claim": {
    id: "claimWork",
    tag: "runner",
    access: "runner",
    summary: "Take an attempt by name, or wait for work that suits",
  },
  "POST /webhooks/runner": {
    id: "runnerCallback",
    tag: "runner",
    access: "runner",
    summary: "Heartbeat, progress or result of a claimed attempt",
  },
  "PUT /runner/attempts/{id}/log": {
    id: "appendLog",
    tag: "runner",
    access: "runner",
    summary: "A piece of the log of a claimed attempt",
  },
  "POST /runner/forecasts": {
    id: "forecastResult",
    tag: "runner",
    access: "runner",
    summary: "What a forecast found",
  },
  "POST /webhooks/forge/{sourceId}": {
    id: "forgeWebhook",
    tag: "sources",
    access: "webhook",
    summary: "What a forge tells of a source's repository, under the forge's own signature",
  },
  "GET /openapi.json": { id: "apiDocument", tag: "deployment", access: "read", summary: "This document" },
};
