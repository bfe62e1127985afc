/**
 * GitHub: the repository, who writes, and what people may.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Permission, Repository, RepositoryFacts } from "../forge.ts";
import { RepositoryBody, repositoryFacts } from "../repository-body.ts";
import { type GithubClient, User } from "./client.ts";

export function githubRepository(client: GithubClient): Repository {
  return {
    async self(): Forged<string> {
      if (client.self !== undefined) return client.self();
      const user = await client.ask("GET /user", {}, { metadata: "read" }, User);
      return user.ok ? ok(user.value.login) : user;
    },

    async repository(): Forged<RepositoryFacts> {
      const given = await client.ask("GET /repos/{owner}/{repo}", {}, { metadata: "read" }, RepositoryBody);
      return given.ok ? ok(repositoryFacts(given.value)) : given;
    },

    async permission(user: string): Forged<Permission> {
      const route = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
      const schema = z.object({ permission: z.enum(["none", "read", "write", "admin"]) });
      const given = await client.maybe(route, { username: user }, { metadata: "read" }, schema);
      return given.ok ? ok(given.value?.permission ?? "none") : given;
    },
  };
}
