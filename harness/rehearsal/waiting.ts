/**
 * Waiting for what a step is about, with the cron run meanwhile: it is the cron that polls.
 *
 * @module
 */
import type { AttemptDetail, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import type { FeedSource } from "../../worker/contract/feed-source.ts";
import type { FlowEvent } from "../../worker/contract/flow-event.ts";
import { until } from "../process/until.ts";
import type { Stage } from "./stage.ts";

/** A run of a forge starts three jobs, one after the other. */
const TIMEOUT_MS = 240_000;

/** The event that the cron made of upstream's tag. */
export async function eventFor(stage: Stage, stackId: string, tag: string): Promise<FlowEvent> {
  const event = await until(
    `an event for ${tag}`,
    async () => {
      await stage.edge.tick();
      return (await stage.api.events(stackId)).find((candidate) => candidate.payload.entry.tag === tag);
    },
    { timeoutMs: TIMEOUT_MS, everyMs: 250 },
  );
  stage.narrator.say("intake", `${tag} became the event ${event.id}`);
  return event;
}

/** The newest attempt of an event, once it has one. */
export async function attemptFor(stage: Stage, eventId: string): Promise<MaintenanceAttempt> {
  return until(
    `an attempt for ${eventId}`,
    async () => {
      await stage.edge.tick();
      return (await stage.api.attempts({ eventId }))[0];
    },
    { timeoutMs: TIMEOUT_MS, everyMs: 100 },
  );
}

/** The attempt once nobody works on it any more: ended, or waiting for a person or the outside. */
export async function settled(stage: Stage, id: string, after = 0): Promise<AttemptDetail & { lastSeq: number }> {
  let last = after;
  let seen: unknown;
  const detail = await until(
    `${id} to settle`,
    async () => {
      await stage.surface.look?.(stage, id);
      const now = await stage.api.attempt(id);
      last = stage.narrator.timeline(id, now.timeline, last);
      seen = { status: now.attempt.status, reason: now.attempt.reason, progress: now.progress };
      return ["queued", "dispatched", "running"].includes(now.attempt.status) ? undefined : now;
    },
    { timeoutMs: TIMEOUT_MS, everyMs: 100, seen: () => seen },
  );
  return { ...detail, lastSeq: last };
}

/** The source after a poll that began after `since`. */
export async function polledSince(stage: Stage, sourceId: string, since: string): Promise<FeedSource> {
  let seen: unknown;
  return until(
    `a poll of ${sourceId}`,
    async () => {
      await stage.edge.tick();
      const source = await stage.api.source(sourceId);
      seen = source.health;
      const { lastPollAt } = source.health;
      return lastPollAt !== undefined && lastPollAt > since ? source : undefined;
    },
    { timeoutMs: TIMEOUT_MS, everyMs: 250, seen: () => seen },
  );
}
