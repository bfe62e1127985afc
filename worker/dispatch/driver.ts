/**
 * What every execution surface is to us: work is handed to it, it can be asked, it can be stopped.
 *
 * A driver translates; it decides nothing and writes nothing. It never throws for what a surface says
 * or fails to say: every answer below is a value, and the attempt machine knows what to do with it.
 *
 * @module
 */
import type { CredentialFailure, OpenCredential, Wanted } from "../auth/credential.ts";
import type { AttemptOperation } from "../contract/attempt.ts";
import type { FlowEvent } from "../contract/flow-event.ts";
import type { Reason } from "../contract/primitives.ts";
import type { AttemptResult } from "../contract/runner-wire.ts";
import type { StackConfig } from "../contract/stack.ts";
import type { Capabilities, DriverName, Surface, SurfaceRun } from "../contract/surface.ts";
import type { InstallationTokens } from "../forges/github/app.ts";
import type { Outbound } from "../platform/outbound-fetch.ts";
import type { Result } from "../platform/result.ts";
import type { Settings } from "../platform/settings.ts";

/** One hand-out of an attempt, with everything about it that a surface may need. */
export type HandOut = {
  /** `<attemptId>.<epoch>`: the one name of this hand-out, for run names and idempotency keys. */
  id: string;
  attemptId: string;
  epoch: number;
  stackId: string;
  operation: AttemptOperation;
  event: Omit<FlowEvent, "stackIds">;
  config: StackConfig;
  /** Runs that are known to be this hand-out's. */
  runs: readonly SurfaceRun[];
  /** Ids of runs of earlier hand-outs of the same event in this stack: none of them is this one's. */
  earlierRuns: readonly string[];
  createdAt: string;
};

export type DriverContext = {
  settings: Settings;
  outbound: Outbound;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Opens a stored credential for the host it is bound to. */
  credential: (wanted: Wanted) => Promise<Result<OpenCredential, CredentialFailure>>;
  /** Keeps until when a credential's host takes no more requests with it, ISO 8601. */
  limited: (credential: string, until: string) => Promise<void>;
  /** Keeps an app's tokens from one call to the next, where somebody lives that long. */
  tokens?: InstallationTokens;
};

/** What a surface says to a hand-over. */
export type DispatchAnswer =
  /** It has it. Runs may be known later only. */
  | { kind: "taken"; runs: readonly SurfaceRun[] }
  /** It has it, and says that nothing is to be done for it. */
  | { kind: "nothing"; message: string }
  /** It certainly did not take it, and will not until somebody mends something. */
  | { kind: "refused"; reason: Reason }
  /** It certainly did not take it, but will later: a rate limit, a planned outage. */
  | { kind: "later"; reason: Reason; afterSeconds?: number | undefined }
  /** Nobody knows whether it took it: no answer in time, a broken connection, an error of its own. */
  | { kind: "unclear"; reason: Reason; afterSeconds?: number | undefined };

/** What a surface says when it is asked about a hand-out. */
export type StatusAnswer =
  /** It has nothing of this hand-out. Asked 15 s or more after the hand-over, so what it took would be there. */
  | { kind: "absent" }
  | { kind: "waiting" | "running"; runs: readonly SurfaceRun[] }
  /**
   * Its runs are over. `result` is what they made, where the surface tells that; where a runner reports by
   * callback it is absent, and `message` says how the run itself ended.
   */
  | { kind: "ended"; runs: readonly SurfaceRun[]; result?: AttemptResult; message: string }
  /** It could not be asked, or did not answer so that we understand. */
  | { kind: "unknown"; reason: Reason; afterSeconds?: number | undefined };

/** Stopped, or over already. `again` false: asking again cannot help. */
export type CancelAnswer = Result<void, { message: string; again: boolean; retryAfterSeconds?: number | undefined }>;

export type Driver<S extends Surface = Surface> = {
  readonly name: S["driver"];
  readonly capabilities: Capabilities;
  dispatch(handOut: HandOut, surface: S, context: DriverContext): Promise<DispatchAnswer>;
  status(handOut: HandOut, surface: S, context: DriverContext): Promise<StatusAnswer>;
  cancel(handOut: HandOut, surface: S, context: DriverContext): Promise<CancelAnswer>;
};

/** The driver for the surface of that name. */
export type DriverOf<N extends DriverName> = Driver<Extract<Surface, { driver: N }>>;
