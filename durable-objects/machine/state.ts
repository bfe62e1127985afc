/**
 * What the attempt machine knows and what it may be told.
 *
 * Times in rows are ISO 8601 text with milliseconds, which compares as it sorts.
 *
 * @module
 */
import type { EndedCounts } from "../../worker/contract/attempt.ts";
import type { ChannelPointer } from "../../worker/contract/channel.ts";
import type { ErrorCode } from "../../worker/contract/error.ts";
import type { TagMove } from "../../worker/contract/flow-event.ts";
import type { Reason } from "../../worker/contract/primitives.ts";
import type { AttemptResult, RunnerInfo } from "../../worker/contract/runner-wire.ts";
import type { StackConfig } from "../../worker/contract/stack.ts";
import { CAPABILITIES, type Capabilities } from "../../worker/contract/surface.ts";
import type { DispatchAnswer } from "../../worker/dispatch/driver.ts";
import type { Seen } from "../../worker/dispatch/hand-over.ts";
import type { CommentPlace } from "../../worker/forges/forge.ts";
import type { Affected } from "../../worker/releases/affected.ts";
import type { ChecksAnswer } from "../../worker/review/check-verdict.ts";
import type {
  AttemptRow,
  CandidateRow,
  DispatchRow,
  JournalRow,
  OutboxRow,
  ReportRow,
} from "../../worker/store/rows.ts";
import type { Recall } from "./recall.ts";

/** A stack as far as decisions need it: its size does not grow with its history. */
export type StackState = {
  id: string;
  config: StackConfig;
  paused: boolean;
  deletedAt: string | null;
  journalSeq: number;
  attemptCount: number;
  endedCounts: EndedCounts;
  highestTag: string | null;
  carried: Carried | null;
  /** What each channel stands on. */
  channels: Readonly<Record<string, ChannelPointer>>;
  /** Every attempt that has not ended, by number. */
  open: readonly AttemptRow[];
};

/** What was last landed; `attemptId` is the attempt that made the candidate. */
export type Carried = { tag?: string | undefined; oid: string; landedAt: string; attemptId?: string | undefined };

/** An event on its way into the stack, with what the record says about it. */
export type IncomingEvent = {
  id: string;
  /** Order in which the edge took it in. */
  position: number;
  /** What the movement is called whoever tells it. */
  movement: string;
  /** Ref or commit to carry the stack onto. */
  onto: string;
  ontoSha: string | null;
  tag: string | null;
  prerelease: boolean | undefined;
  /** Of a moved tag: the commits it named before and now. */
  moved: TagMove | null;
  /** Of a security advisory: what it means where the stack stands. `tag` is then the release to go onto. */
  advisory: JudgedAdvisory | null;
  /** The journal already holds it. */
  accepted: boolean;
  /** First attempt of this stack for the same movement that was not skipped. */
  sameMovement: string | null;
};

/** A security advisory, judged by what the record knows of upstream's releases. */
export type JudgedAdvisory = {
  id: string;
  /** For people: its id, how bad it is, what it is about. */
  name: string;
  withdrawn: boolean;
  /** Upstream release that the stack stands on; null when that is not known. */
  standing: string | null;
  affected: Affected;
  /** Newest release that has the fix and is no step back; null when none is known. */
  fix: string | null;
};

/** The attempt a command is about, when it has ended and so is not in the state. */
export type Target = { attemptId: string; ended: AttemptRow | null };

/** What the record has of an attempt whose result came too late. */
export type Late = {
  /** Late results on its timeline. */
  evidence: number;
  /** The promotion that its channel stands on, where this one has pushed something else. */
  standing: AttemptRow | null;
};

export type Command =
  | { type: "accept"; events: readonly IncomingEvent[] }
  | ({ type: "claim"; epoch: number; nonce: string; runner: RunnerInfo } & Target)
  | ({ type: "result"; epoch: number; nonce: string; result: AttemptResult; late?: Late } & Target)
  | { type: "retry"; event: IncomingEvent; last: AttemptRow | null; actor: string }
  | { type: "replay"; event: IncomingEvent; last: AttemptRow | null; actor: string }
  | ({ type: "resume"; note: string; resolvedRef?: string | undefined; actor: string } & Target)
  | ({ type: "cancel"; actor: string } & Target)
  | ({ type: "dismiss"; note: string; actor: string } & Target)
  | ({ type: "land"; candidate: CandidateRow | null; headOid: string | null; actor: string } & Target)
  | ({ type: "promote"; candidate: CandidateRow; channel: string; actor: string } & Target)
  /** A comment on the forge asks for something; whoever wrote it may. `ask` is what that is here, or why not. */
  | { type: "comment"; attemptId: string; word: string; place: CommentPlace; actor: string; ask: Command | Refusal }
  | { type: "pause" | "unpause" | "delete"; actor: string }
  | { type: "configure"; config: StackConfig; actor: string }
  /** What happened before this record began. */
  | ({ type: "recall" } & Recall)
  /** An effect was given up: nobody but an operator can send it now. */
  | { type: "effect_dead"; effectId: string; attemptId: string | null; message: string }
  /** An effect left, and somebody who looks at the attempt should know what came of it. */
  | { type: "effect_told"; effectId: string; attemptId: string | null; reason: Reason }
  /** An operator has an effect that was given up tried again. */
  | { type: "effect_redriven"; effectId: string; attemptId: string | null; actor: string }
  /** What a surface said to the hand-over of that epoch. */
  | ({ type: "surface_answer"; epoch: number; answer: DispatchAnswer } & Target)
  /**
   * Time has passed. `leases` are those that heartbeats extended, `seen` what surfaces said when they
   * were asked just now, `checks` what the forge's checks said of candidates; each by attempt id.
   */
  | {
      type: "tick";
      leases: Readonly<Record<string, string>>;
      seen: Readonly<Record<string, Seen>>;
      checks?: Readonly<Record<string, ChecksAnswer>>;
    };

export type CommandType = Command["type"];

export type JournalEntry = Pick<JournalRow, "kind" | "actor"> & {
  attemptId?: string;
  epoch?: number;
  fromStatus?: AttemptRow["status"];
  toStatus?: AttemptRow["status"];
  reason?: Reason;
  data?: unknown;
};

export type DispatchUpdate = Pick<DispatchRow, "id"> & Partial<DispatchRow>;

/** What one decision writes, all of it in one batch. */
export type Changes = {
  attempts: readonly AttemptRow[];
  journal: readonly JournalEntry[];
  dispatches: readonly DispatchRow[];
  dispatchUpdates: readonly DispatchUpdate[];
  candidates: readonly CandidateRow[];
  /** Attempts whose candidates are on the maintained branch now. */
  landedAttemptIds: readonly string[];
  reports: readonly ReportRow[];
  acceptedEventIds: readonly string[];
  outbox: readonly OutboxRow[];
  /** Effects that were given up and are tried again. */
  redrivenEffectIds: readonly string[];
};

export type Refusal = { code: ErrorCode; message: string };

export type Decision = {
  /** Set when the command may not; what it changed nevertheless (evidence) is in `changes`. */
  refused: Refusal | null;
  changes: Changes;
  next: StackState;
  /** The attempt the command was about or made. */
  attempt: AttemptRow | null;
};

/** What the surface that has the attempt can do. */
export function capabilitiesOf(attempt: Pick<AttemptRow, "surface">): Capabilities {
  return CAPABILITIES[attempt.surface?.driver ?? "pull"];
}

/** A stack that was declared just now. */
export function emptyStack(id: string, config: StackConfig): StackState {
  return {
    id,
    config,
    paused: false,
    deletedAt: null,
    journalSeq: 0,
    attemptCount: 0,
    endedCounts: {},
    highestTag: null,
    carried: null,
    channels: {},
    open: [],
  };
}
