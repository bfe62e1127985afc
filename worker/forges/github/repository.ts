/**
 * GitHub: the repository, who writes, and what people may.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Permission, Repository, RepositoryFacts } from "../forge.ts";
import { type GithubClient, User } from "./client.ts";

const RepositoryBody = z.object({
  id: z.number(),
  full_name: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  owner: z.object({ id: z.number() }),
  permissions: z.object({ push: z.boolean() }).optional(),
  parent: z.object({ clone_url: z.string(), default_branch: z.string() }).optional(),
});

export function githubRepository(client: GithubClient): Repository {
  return {
    async self(): Forged<string> {
      if (client.self !== undefined) return client.self();
      const user = await client.ask("GET /user", {}, { metadata: "read" }, User);
      return user.ok ? ok(user.value.login) : user;
    },

    async repository(): Forged<RepositoryFacts> {
      const given = await client.ask("GET /repos/{owner}/{repo}", {}, { metadata: "read" }, RepositoryBody);
      if (!given.ok) return given;
      const { id, owner, full_name, default_branch, archived, permissions, parent } = given.value;
      return ok({
        id: String(id),
        ownerId: String(owner.id),
        fullName: full_name,
        defaultBranch: default_branch,
        archived,
        mayWrite: permissions?.push ?? false,
        ...(parent === undefined
          ? {}
          : { parent: { cloneUrl: parent.clone_url, defaultBranch: parent.default_branch } }),
      });
    },

    async permission(user: string): Forged<Permission> {
      const route = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
      const schema = z.object({ permission: z.enum(["none", "read", "write", "admin"]) });
      const given = await client.maybe(route, { username: user }, { metadata: "read" }, schema);
      return given.ok ? ok(given.value?.permission ?? "none") : given;
    },
  };
}
