/**
 * Forgejo and Gitea: the repository, who writes, and what people may.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Permission, Repository, RepositoryFacts } from "../forge.ts";
import { askForge, askMaybe } from "../forge-request.ts";
import { RepositoryBody, repositoryFacts } from "../repository-body.ts";
import { type ForgejoClient, User } from "./client.ts";

export function forgejoRepository({ caller, root }: ForgejoClient): Repository {
  return {
    async self(): Forged<string> {
      const user = await askForge(caller, { path: "/user" }, User);
      return user.ok ? ok(user.value.login) : user;
    },

    async repository(): Forged<RepositoryFacts> {
      const given = await askForge(caller, { path: root }, RepositoryBody);
      return given.ok ? ok(repositoryFacts(given.value)) : given;
    },

    async permission(user: string): Forged<Permission> {
      const path = `${root}/collaborators/${encodeURIComponent(user)}/permission`;
      const given = await askMaybe(caller, { path }, z.object({ permission: z.string() }));
      if (!given.ok) return given;
      switch (given.value?.permission) {
        case "owner":
        case "admin":
          return ok("admin");
        case "write":
          return ok("write");
        case "read":
          return ok("read");
        default:
          return ok("none");
      }
    },
  };
}
