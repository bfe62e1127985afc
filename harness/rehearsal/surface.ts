/**
 * Who does the Git work in a rehearsal, and what the story has to know of it.
 *
 * @module
 */

import type { AttemptDetail, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import type { ForgeSettings } from "../../worker/contract/forge.ts";
import type { Facts } from "./facts.ts";
import type { Stage } from "./stage.ts";

type Settled = AttemptDetail & { lastSeq: number };

/** Forges, whose CI does the work. */
export const FORGES = ["github", "forgejo", "gitlab"] as const;
export type ForgeName = (typeof FORGES)[number];

export const SURFACES = ["pull", ...FORGES, "workspace", "workspace-ws"] as const;
export type SurfaceName = (typeof SURFACES)[number];

export const STARRING: Readonly<Record<SurfaceName, string>> = {
  pull: "edge, Git server and a runner",
  github: "edge, Git server and GitHub's API and Actions",
  forgejo: "edge, Git server and Forgejo's API and Actions",
  gitlab: "edge, Git server and GitLab's API and CI",
  workspace: "edge, Git server and a workspace backend over HTTP",
  "workspace-ws": "edge, Git server and a workspace backend over WebSocket",
};

export type Surface = {
  /** Goes into the stack's `fork` and `policy`. */
  fork: { forge?: ForgeSettings };
  policy: object;
  /** After the stack was declared: whether the work could begin. */
  checked?(stage: Stage, facts: Facts): Promise<void>;
  /** What is before people for a candidate that stands in the fork. */
  reviewed?(facts: Facts, branch: string, oid: string): Promise<void>;
  /** Has the surface read back now, where nobody reports by himself. */
  look?(stage: Stage, attemptId: string): Promise<void>;
  /** How a candidate lands where patch.moi moves no branch. */
  land?(stage: Stage, facts: Facts, attempt: MaintenanceAttempt): Promise<void>;
  /** How a person ends a conflict where no resolution can be handed over. */
  resolved?(stage: Stage, facts: Facts, detail: Settled, resolved: { oid: string; tree: string }): Promise<void>;
};
