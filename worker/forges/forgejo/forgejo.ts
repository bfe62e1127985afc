/**
 * Forgejo and Gitea: API v1 of both, as far as they agree.
 *
 * @module
 */
import type { Forge } from "../forge.ts";
import type { Caller } from "../forge-request.ts";
import { forgejoBranches } from "./branches.ts";
import { forgejoChecks } from "./checks.ts";
import { forgejoComments } from "./comments.ts";
import { forgejoIssues } from "./issues.ts";
import { forgejoPulls } from "./pulls.ts";
import { forgejoRepository } from "./repository.ts";
import { forgejoRuns } from "./runs.ts";

export type ForgejoOptions = { caller: Caller; repository: { owner: string; name: string }; webUrl: string };

export function forgejo({ caller, repository: { owner, name }, webUrl }: ForgejoOptions): Forge {
  const client = { caller, webUrl, root: `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}` };
  const repository = forgejoRepository(client);
  const issues = forgejoIssues(client, () => repository.self());
  return {
    kind: "forgejo",
    bodyLimit: 65_536,
    webUrl,
    ...repository,
    ...forgejoRuns(client),
    ...forgejoPulls(client),
    ...issues,
    // A pull request is an issue there, too.
    commentOnPull: (number, body) => issues.commentOnIssue(number, body),
    ...forgejoComments(client),
    ...forgejoChecks(client),
    ...forgejoBranches(client),
  };
}
