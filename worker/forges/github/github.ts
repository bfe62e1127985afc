/**
 * GitHub, github.com and Enterprise.
 *
 * @module
 */
import type { Forge } from "../forge.ts";
import { githubBranches } from "./branches.ts";
import { githubChecks } from "./checks.ts";
import { GithubClient, type GithubOptions } from "./client.ts";
import { githubComments } from "./comments.ts";
import { githubIssues } from "./issues.ts";
import { githubPulls } from "./pulls.ts";
import { githubRepository } from "./repository.ts";
import { githubRuns } from "./runs.ts";

export function github(options: GithubOptions): Forge {
  const client = new GithubClient(options);
  const repository = githubRepository(client);
  return {
    kind: "github",
    bodyLimit: 65_536,
    webUrl: options.webUrl,
    ...repository,
    ...githubRuns(client),
    ...githubPulls(client),
    ...githubIssues(client, () => repository.self()),
    ...githubComments(client),
    ...githubChecks(client),
    ...githubBranches(client),
  };
}
