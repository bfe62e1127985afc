/**
 * Who does the Git work in a rehearsal, and what the story has to know of it.
 *
 * @module
 */
import type { ForgeSettings } from "../../worker/contract/forge.ts";
import type { Facts } from "./facts.ts";
import type { Stage } from "./stage.ts";

export const SURFACES = ["pull", "github", "forgejo", "gitlab"] as const;
export type SurfaceName = (typeof SURFACES)[number];

export const STARRING: Readonly<Record<SurfaceName, string>> = {
  pull: "edge, Git server and a runner",
  github: "edge, Git server and GitHub's API and Actions",
  forgejo: "edge, Git server and Forgejo's API and Actions",
  gitlab: "edge, Git server and GitLab's API and CI",
};

export type Surface = {
  /** Goes into the stack's `fork` and `policy`. */
  fork: { forge?: ForgeSettings };
  policy: object;
  /** After the stack was declared: whether the work could begin. */
  checked?(stage: Stage, facts: Facts): Promise<void>;
  /** What is before people for a candidate that stands in the fork. */
  reviewed?(facts: Facts, branch: string, oid: string): Promise<void>;
};
