/**
 * What a bench asks of the Worker with meters, and what that answers. Types only: one side runs in
 * Node, the other in workerd.
 *
 * @module
 */
export type D1Count = {
  /** Requests to D1: a statement alone, or a batch. */
  requests: number;
  statements: number;
  /** As D1 itself tells in `meta`. */
  rowsRead: number;
  rowsWritten: number;
};

export type CycleOrder = {
  /** Stacks to drive at the same time, each with the stored events it is given one after another. */
  stacks: { id: string; eventIds: string[] }[];
};

export type CommandKind = "accept" | "claim" | "heartbeat" | "result" | "replay" | "cancel";

export type CycleReport = {
  milliseconds: number;
  commands: number;
  kinds: Record<CommandKind, { milliseconds: number[]; d1: D1Count }>;
};

export type PollOrder = {
  /** Sources to declare, by number, each of which feeds its share of the stacks; the polls are theirs then. */
  declare?: { base: string; from: number; to: number; stacks: number };
  /** Every source is polled so many times. */
  rounds: number;
  /** Sources of one invocation; as many as the queue hands over when not given. */
  batch?: number;
  /** Only so many invocations. */
  batches?: number;
};

/** One tick of the cron as if it were later, milliseconds since the epoch; what it queues is polled by the consumer. */
export type TickOrder = { at: number };

/** So many ticks of the cron while no source is due, or every one is; `batch` is `PATCH_POLL_BATCH`. */
export type TicksOrder = { due: boolean; times: number; batch?: number };

export type TicksReport = { d1: D1Count; claimed: number };

export type PollReport = { milliseconds: number; outcomes: Record<string, number>; d1: D1Count };
