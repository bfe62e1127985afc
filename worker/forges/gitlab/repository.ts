/**
 * GitLab: the project, who writes, and what people may.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Permission, Repository, RepositoryFacts } from "../forge.ts";
import { askForge, askMaybe } from "../forge-request.ts";
import type { GitlabClient } from "./client.ts";

const Access = z.object({ access_level: z.number() }).nullish();
const Project = z.object({
  id: z.number(),
  path_with_namespace: z.string(),
  default_branch: z.string().nullish(),
  archived: z.boolean(),
  namespace: z.object({ id: z.number() }),
  permissions: z.object({ project_access: Access, group_access: Access }).optional(),
  forked_from_project: z.object({ http_url_to_repo: z.string(), default_branch: z.string().nullish() }).optional(),
});
const User = z.object({ id: z.number(), username: z.string() });
/** Levels of https://docs.gitlab.com/api/access_requests/#valid-access-levels. */
const [REPORTER, DEVELOPER, MAINTAINER] = [20, 30, 40];

export function gitlabRepository({ caller, root }: GitlabClient): Repository {
  return {
    async self(): Forged<string> {
      const user = await askForge(caller, { path: "/user" }, User);
      return user.ok ? ok(user.value.username) : user;
    },

    async repository(): Forged<RepositoryFacts> {
      const given = await askForge(caller, { path: root }, Project);
      if (!given.ok) return given;
      const { id, namespace, path_with_namespace, default_branch, archived, permissions } = given.value;
      const parent = given.value.forked_from_project;
      const levels = [permissions?.project_access, permissions?.group_access].map(
        (access) => access?.access_level ?? 0,
      );
      return ok({
        id: String(id),
        ownerId: String(namespace.id),
        fullName: path_with_namespace,
        defaultBranch: default_branch ?? "main",
        archived,
        mayWrite: Math.max(...levels) >= DEVELOPER,
        ...(parent === undefined
          ? {}
          : { parent: { cloneUrl: parent.http_url_to_repo, defaultBranch: parent.default_branch ?? "main" } }),
      });
    },

    async permission(user: string): Forged<Permission> {
      const users = await askForge(caller, { path: "/users", query: { username: user } }, z.array(User));
      if (!users.ok) return users;
      const id = users.value.find(({ username }) => username === user)?.id;
      if (id === undefined) return ok("none");
      const path = `${root}/members/all/${id}`;
      const member = await askMaybe(caller, { path }, z.object({ access_level: z.number() }));
      if (!member.ok) return member;
      const level = member.value?.access_level ?? 0;
      if (level >= MAINTAINER) return ok("admin");
      if (level >= DEVELOPER) return ok("write");
      return ok(level >= REPORTER ? "read" : "none");
    },
  };
}
