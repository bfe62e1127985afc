/**
 * A conflict that something other than git may resolve: a remembered resolution, a resolver command.
 *
 * @module
 */
import { conflictedPaths } from "./conflict-kind.ts";
import type { MergeAnswer } from "./merge-answer.ts";
import type { StackPatch } from "./stack.ts";
import type { Workbench } from "./workbench.ts";

export interface OpenConflict {
  bench: Workbench;
  patch: StackPatch;
  /** The tree the patch was to be merged into. */
  tree: string;
  answer: MergeAnswer;
}

export interface Resolution {
  tree: string;
  /** Who or what resolved it: said in the patch's note. */
  note: string;
}

/** Answers a tree with the patch in it, or undefined to leave the conflict to a person. */
export type Resolver = (conflict: OpenConflict) => Promise<Resolution | undefined>;

/** The first that has a resolution. */
export function firstOf(resolvers: readonly Resolver[]): Resolver | undefined {
  if (resolvers.length === 0) return undefined;
  return async (conflict) => {
    for (const resolve of resolvers) {
      const resolution = await resolve(conflict);
      if (resolution !== undefined) return resolution;
    }
    return undefined;
  };
}

export interface ContentConflict {
  path: string;
  /** Of the merged file. */
  mode: string;
}

const FILE_MODES = new Set(["100644", "100755"]);

/** The files with conflict markers; `others` is true when something else conflicts beside them. */
export function contentConflicts(answer: MergeAnswer): { files: ContentConflict[]; others: boolean } {
  const files: ContentConflict[] = [];
  let others = false;
  for (const { path, kind } of conflictedPaths(answer)) {
    const stages = new Map(answer.files.filter((file) => file.path === path).map((file) => [file.stage, file.mode]));
    const [base, ours, theirs] = [stages.get(1), stages.get(2), stages.get(3)];
    const plain = ours !== undefined && theirs !== undefined && FILE_MODES.has(ours) && FILE_MODES.has(theirs);
    if (!plain || (kind !== "contents" && kind !== "add/add") || /[\n\0\uFFFD]/.test(path)) others = true;
    else files.push({ path, mode: base === ours ? theirs : ours });
  }
  return { files, others };
}
