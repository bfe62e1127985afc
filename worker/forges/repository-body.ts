/**
 * A repository as GitHub's API gives it, which Forgejo's and Gitea's take after.
 *
 * @module
 */
import { z } from "zod";
import type { RepositoryFacts } from "./forge.ts";

export const RepositoryBody = z.object({
  id: z.number(),
  full_name: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  owner: z.object({ id: z.number() }),
  permissions: z.object({ push: z.boolean() }).optional(),
  parent: z.object({ clone_url: z.string(), default_branch: z.string() }).nullish(),
});

export function repositoryFacts(body: z.infer<typeof RepositoryBody>): RepositoryFacts {
  const { parent } = body;
  return {
    id: String(body.id),
    ownerId: String(body.owner.id),
    fullName: body.full_name,
    defaultBranch: body.default_branch,
    archived: body.archived,
    mayWrite: body.permissions?.push ?? false,
    ...(parent == null ? {} : { parent: { cloneUrl: parent.clone_url, defaultBranch: parent.default_branch } }),
  };
}
