/**
 * What the engine is asked, and what it answers with.
 *
 * @module
 */
import type { StackReport } from "../../worker/contract/report.ts";
import type { EngineResult } from "./failure.ts";
import type { QuarantineOptions } from "./quarantine.ts";
import type { Resolver } from "./resolution.ts";

export interface ReplayRequest {
  /** The repository that holds branch and onto, bare or not; `.git` of a work tree is fine. */
  gitDir: string;
  stackId: string;
  /** Branch name, for the report. */
  branch: string;
  headOid: string;
  /** Where the branch stood on upstream when that was last known. Cross-checked, never trusted. */
  base?: string | undefined;
  /**
   * `recorded` (default): where history says otherwise it is believed, with a warning. `declared` by
   * an operator: failure `base_not_ancestor` when the branch does not have it.
   */
  baseIs?: "recorded" | "declared" | undefined;
  onto: { ref: string; oid: string; tagOid?: string | undefined };
  /**
   * `keep` (default) stores the new commits in the repository, without any ref: the caller makes
   * refs. `forget` leaves the repository as it was: that is a forecast.
   */
  objects?: "keep" | "forget" | undefined;
  /** Committer of the new commits; their committer date is the author date. */
  committer?: { name: string; email: string } | undefined;
  /** Signs one commit object; answers the text of its `gpgsig` header. */
  sign?: ((commit: Buffer) => Promise<string>) | undefined;
  /** Asked about each patch that conflicts, before it is left to a person. */
  resolve?: Resolver | undefined;
  /** Extra environment of every git process: credentials for partial clones. */
  env?: Readonly<Record<string, string>> | undefined;
  protocols?: readonly string[] | undefined;
  /** How a partial clone gets what it lacks, and whether it keeps that. */
  promised?: QuarantineOptions["promised"];
  /** Where temporary files go. */
  folder?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Report with `verify` empty and only `timings.replay` filled: the caller fills the rest. */
export type ReplayAnswer = EngineResult<{
  report: StackReport;
  /** The branch stands on `onto` already: `report.result.oid` is its head. Report it as `completed`. */
  alreadyThere: boolean;
}>;

export interface ResolvedRequest
  extends Omit<ReplayRequest, "objects" | "committer" | "sign" | "resolve" | "onProgress"> {
  /** Head of the branch that a person prepared: `onto` plus the resolved patches. */
  resolvedOid: string;
  /** The resume note: of a patch that is gone on purpose it says that it was dropped, by subject or oid. */
  note: string;
}

/** Report whose `result` is the resolved branch. */
export type ResolvedAnswer = EngineResult<{ report: StackReport }>;
