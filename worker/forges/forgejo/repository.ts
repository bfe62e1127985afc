/**
 * Forgejo and Gitea: the repository, who writes, and what people may.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Permission, Repository, RepositoryFacts } from "../forge.ts";
import { askForge, askMaybe } from "../forge-request.ts";
import { type ForgejoClient, User } from "./client.ts";

const RepositoryBody = z.object({
  id: z.number(),
  full_name: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  owner: z.object({ id: z.number() }),
  permissions: z.object({ push: z.boolean() }).optional(),
  parent: z.object({ clone_url: z.string(), default_branch: z.string() }).nullish(),
});

export function forgejoRepository({ caller, root }: ForgejoClient): Repository {
  return {
    async self(): Forged<string> {
      const user = await askForge(caller, { path: "/user" }, User);
      return user.ok ? ok(user.value.login) : user;
    },

    async repository(): Forged<RepositoryFacts> {
      const given = await askForge(caller, { path: root }, RepositoryBody);
      if (!given.ok) return given;
      const { id, owner, full_name, default_branch, archived, permissions, parent } = given.value;
      return ok({
        id: String(id),
        ownerId: String(owner.id),
        fullName: full_name,
        defaultBranch: default_branch,
        archived,
        mayWrite: permissions?.push ?? false,
        ...(parent == null ? {} : { parent: { cloneUrl: parent.clone_url, defaultBranch: parent.default_branch } }),
      });
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
