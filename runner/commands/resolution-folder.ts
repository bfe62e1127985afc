/**
 * The folder in which an operator resolves an attempt's conflicts: an ordinary clone with both
 * remotes, and a file that says which attempt it is for.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "@hono/zod-openapi";
import { Oid } from "../../worker/contract/primitives.ts";
import { StackReport } from "../../worker/contract/report.ts";
import { CommandFailure } from "../client/command-failure.ts";

export const ResolutionState = z.object({
  v: z.literal(1),
  attemptId: z.string(),
  /** Branch in the folder, and the one it is pushed to. */
  localBranch: z.string(),
  resolvedRef: z.string(),
  /** What the fork's branch was at when we last pushed it. */
  pushed: Oid.optional(),
  report: StackReport,
  /** Commits made in place of merges, by the patch they stand for. */
  standIns: z.record(z.string(), Oid).default({}),
});
export type ResolutionState = z.infer<typeof ResolutionState>;

export type ResolutionFolder = { dir: string; state: ResolutionState };

const STATE = join(".git", "patch-moi.json");

/** Where a new one is made. */
export function newFolder(attemptId: string, dir: string | undefined): string {
  const folder = resolve(dir ?? `patch-moi-${attemptId}`);
  if (existsSync(join(folder, STATE)))
    throw new CommandFailure(
      "already_started",
      `${folder} holds a resolution already; go on with \`--continue\`, or give it up with \`--abort\``,
    );
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CommandFailure("folder_not_empty", `${folder} is not empty; name another with --dir`, 2);
  return folder;
}

/** The one that was named, that we stand in, or that `--local` made here. */
export function findFolder(attemptId: string, dir: string | undefined): ResolutionFolder {
  const places = dir === undefined ? [...parents(process.cwd()), resolve(`patch-moi-${attemptId}`)] : [resolve(dir)];
  for (const place of places) {
    if (!existsSync(join(place, STATE))) continue;
    const state = readState(place);
    if (state.attemptId === attemptId) return { dir: place, state };
  }
  throw new CommandFailure(
    "not_started",
    `no resolution of ${attemptId} was begun ${dir === undefined ? "here" : `in ${dir}`}; begin with \`patch.moi resume ${attemptId} --local\`, or name its folder with --dir`,
  );
}

export function writeState({ dir, state }: ResolutionFolder): void {
  writeFileSync(join(dir, STATE), `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

function readState(dir: string): ResolutionState {
  try {
    return ResolutionState.parse(JSON.parse(readFileSync(join(dir, STATE), "utf8")));
  } catch {
    throw new CommandFailure("state_unreadable", `${join(dir, STATE)} is damaged; remove the folder and begin again`);
  }
}

function parents(from: string): string[] {
  const up = dirname(from);
  return up === from ? [from] : [from, ...parents(up)];
}
