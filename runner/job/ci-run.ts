/**
 * The run of a forge's CI that this job is part of: its name for the server, and what the jobs after it are told.
 *
 * @module
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { usageFailure } from "../client/command-failure.ts";
import type { Environment } from "../client/settings.ts";

export type ForgeRun = {
  /** The same in every job of the run, another for every run. It is no secret. */
  nonce(attempt: string, epoch: number): string;
};

/** What GitHub, Forgejo and Gitea, and GitLab call the run; a usage failure where none of them runs this. */
export function forgeRun(env: Environment): ForgeRun {
  const { GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT, CI_PIPELINE_ID } = env;
  const run = GITHUB_RUN_ID ? `${GITHUB_RUN_ID}-${GITHUB_RUN_ATTEMPT ?? "1"}` : CI_PIPELINE_ID;
  if (!run) throw usageFailure("this is no job of a forge's CI: neither GITHUB_RUN_ID nor CI_PIPELINE_ID is set");
  return {
    nonce: (attempt, epoch) =>
      `forge-run-${run}-${attempt}-${epoch}`
        .replaceAll(/[^A-Za-z0-9_-]/g, "_")
        .padEnd(16, "_")
        .slice(0, 128),
  };
}

/** Outputs of the step, or variables of the pipeline, for the conditions of the jobs that follow. */
export function tellForge(
  env: Environment,
  dotenv: string | undefined,
  { next, log = 0 }: { next: string; log?: number },
): void {
  if (env.GITHUB_OUTPUT) appendFileSync(env.GITHUB_OUTPUT, `next=${next}\nlog=${log}\n`);
  if (dotenv !== undefined) writeFileSync(dotenv, `PATCH_MOI_NEXT=${next}\nPATCH_MOI_LOG=${log}\n`);
}
