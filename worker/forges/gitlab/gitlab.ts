/**
 * GitLab: API v4.
 *
 * @module
 */
import type { Forge } from "../forge.ts";
import type { Caller } from "../forge-request.ts";
import { gitlabBranches } from "./branches.ts";
import { gitlabChecks } from "./checks.ts";
import { gitlabComments } from "./comments.ts";
import { gitlabIssues } from "./issues.ts";
import { gitlabPulls } from "./pulls.ts";
import { gitlabRepository } from "./repository.ts";
import { gitlabRuns } from "./runs.ts";

export type GitlabOptions = { caller: Caller; repository: { owner: string; name: string }; webUrl: string };

export function gitlab({ caller, repository: { owner, name }, webUrl }: GitlabOptions): Forge {
  const client = { caller, root: `/projects/${encodeURIComponent(`${owner}/${name}`)}` };
  return {
    kind: "gitlab",
    bodyLimit: 1_048_576,
    webUrl,
    ...gitlabRepository(client),
    ...gitlabRuns(client),
    ...gitlabPulls(client),
    ...gitlabIssues(client),
    ...gitlabComments(client),
    ...gitlabChecks(client),
    ...gitlabBranches(client),
  };
}
