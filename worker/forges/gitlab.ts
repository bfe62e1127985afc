/**
 * GitLab: API v4. A pipeline is what the others call a run, a merge request what they call a pull request.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../platform/result.ts";
import { fromBase64Text } from "./file-text.ts";
import type {
  CommitCheck,
  CommitStatus,
  DispatchRequest,
  Forge,
  Forged,
  Issue,
  Permission,
  Pull,
  PullRequest,
  RepositoryFacts,
  Run,
} from "./forge.ts";
import { askForge, askMaybe, askPages, type Caller, tellForge } from "./forge-request.ts";

export type GitlabOptions = {
  caller: Caller;
  repository: { owner: string; name: string };
  webUrl: string;
};

const Access = z.object({ access_level: z.number() }).nullish();
const Facts = z.object({
  path_with_namespace: z.string(),
  web_url: z.string(),
  http_url_to_repo: z.string(),
  default_branch: z.string().nullish(),
});
const Project = Facts.extend({
  id: z.number(),
  archived: z.boolean(),
  namespace: z.object({ id: z.number() }),
  permissions: z.object({ project_access: Access, group_access: Access }).optional(),
  forked_from_project: Facts.optional(),
});
const User = z.object({ id: z.number(), username: z.string() });
const Pipeline = z.object({
  id: z.number(),
  web_url: z.string(),
  status: z.string(),
  created_at: z.string(),
  name: z.string().nullish(),
});
const MergeRequest = z.object({
  iid: z.number(),
  web_url: z.string(),
  state: z.string(),
  draft: z.boolean().optional(),
  title: z.string(),
  description: z.string().nullable(),
  author: z.object({ username: z.string() }),
  source_branch: z.string(),
  target_branch: z.string(),
  source_project_id: z.number().nullable(),
  target_project_id: z.number(),
  sha: z.string().nullable(),
});
const IssueBody = z.object({
  iid: z.number(),
  web_url: z.string(),
  state: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  author: z.object({ username: z.string() }),
});

const PAGE = { pages: 3, size: 100 };
/** Levels of https://docs.gitlab.com/api/access_requests/#valid-access-levels. */
const [REPORTER, DEVELOPER, MAINTAINER] = [20, 30, 40];

/** Variable of a pipeline that holds the hand-out's name: pipelines are found again by it. */
export const DISPATCH_VARIABLE = "PATCH_MOI_DISPATCH";

export class Gitlab implements Forge {
  readonly kind = "gitlab";
  readonly bodyLimit = 1_048_576;
  readonly webUrl: string;
  readonly #caller: Caller;
  readonly #path: string;

  constructor({ caller, repository, webUrl }: GitlabOptions) {
    this.#caller = caller;
    this.webUrl = webUrl;
    this.#path = `/projects/${encodeURIComponent(`${repository.owner}/${repository.name}`)}`;
  }

  async self(): Forged<string> {
    const user = await askForge(this.#caller, { path: "/user" }, User);
    return user.ok ? ok(user.value.username) : user;
  }

  async repository(): Forged<RepositoryFacts> {
    const given = await askForge(this.#caller, { path: this.#path }, Project);
    if (!given.ok) return given;
    const { id, namespace, archived, permissions, forked_from_project: parent } = given.value;
    const level = Math.max(
      permissions?.project_access?.access_level ?? 0,
      permissions?.group_access?.access_level ?? 0,
    );
    const facts = ({ path_with_namespace, web_url, http_url_to_repo, default_branch }: z.infer<typeof Facts>) => ({
      fullName: path_with_namespace,
      webUrl: web_url,
      cloneUrl: http_url_to_repo,
      defaultBranch: default_branch ?? "main",
    });
    return ok({
      id: String(id),
      ownerId: String(namespace.id),
      ...facts(given.value),
      archived,
      mayWrite: level >= DEVELOPER,
      ...(parent === undefined ? {} : { parent: facts(parent) }),
    });
  }

  async permission(user: string): Forged<Permission> {
    const users = await askForge(this.#caller, { path: "/users", query: { username: user } }, z.array(User));
    if (!users.ok) return users;
    const id = users.value.find(({ username }) => username === user)?.id;
    if (id === undefined) return ok("none");
    const path = `${this.#path}/members/all/${id}`;
    const member = await askMaybe(this.#caller, { path }, z.object({ access_level: z.number() }));
    if (!member.ok) return member;
    const level = member.value?.access_level ?? 0;
    if (level >= MAINTAINER) return ok("admin");
    if (level >= DEVELOPER) return ok("write");
    return ok(level >= REPORTER ? "read" : "none");
  }

  async dispatch({ ref, inputs }: DispatchRequest): Forged<{ run?: Run }> {
    const variables = Object.entries(inputs).map(([key, value]) => ({ key, value }));
    const ask = { method: "POST" as const, path: `${this.#path}/pipeline`, body: { ref, variables } };
    const given = await askForge(this.#caller, ask, Pipeline);
    return given.ok ? ok({ run: runOf(given.value) }) : given;
  }

  async findRun({
    ref,
    name,
    since,
  }: {
    workflow: string;
    ref: string;
    name: string;
    since: string;
  }): Forged<Run | undefined> {
    const query = { ref, source: "api", created_after: since, order_by: "id", sort: "desc", per_page: 20 };
    const given = await askForge(this.#caller, { path: `${this.#path}/pipelines`, query }, z.array(Pipeline));
    if (!given.ok) return given;
    const variables = z.array(z.object({ key: z.string(), value: z.string() }));
    for (const pipeline of given.value) {
      const path = `${this.#path}/pipelines/${pipeline.id}/variables`;
      const told = await askForge(this.#caller, { path }, variables);
      if (!told.ok) return told;
      if (told.value.some(({ key, value }) => key === DISPATCH_VARIABLE && value === name)) return ok(runOf(pipeline));
    }
    return ok(undefined);
  }

  async run(id: string): Forged<Run> {
    const given = await askForge(this.#caller, { path: `${this.#path}/pipelines/${encodeURIComponent(id)}` }, Pipeline);
    return given.ok ? ok(runOf(given.value)) : given;
  }

  cancelRun(id: string): Forged<void> {
    // A pipeline that has ended stays as it is, and that is a success too.
    return tellForge(this.#caller, {
      method: "POST",
      path: `${this.#path}/pipelines/${encodeURIComponent(id)}/cancel`,
    });
  }

  openPulls(base: string): Forged<Pull[]> {
    return this.#merges({ state: "opened", target_branch: base });
  }

  async pullsOf(head: string): Forged<Pull[]> {
    const given = await this.#merges({ state: "all", source_branch: head });
    return given.ok ? ok(given.value.filter((pull) => pull.head.here)) : given;
  }

  async createPull({ title, body, head, base, draft }: PullRequest): Forged<Pull> {
    const request = {
      title: draft ? `Draft: ${title}` : title,
      description: defused(body),
      source_branch: head,
      target_branch: base,
    };
    const ask = { method: "POST" as const, path: `${this.#path}/merge_requests`, body: request };
    const given = await askForge(this.#caller, ask, MergeRequest);
    return given.ok ? ok(pullOf(given.value)) : given;
  }

  async updatePull(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Pull> {
    const ask = { method: "PUT" as const, path: `${this.#path}/merge_requests/${number}`, body: changeOf(change) };
    const given = await askForge(this.#caller, ask, MergeRequest);
    return given.ok ? ok(pullOf(given.value)) : given;
  }

  commentOnPull(number: number, body: string): Forged<void> {
    const path = `${this.#path}/merge_requests/${number}/notes`;
    return tellForge(this.#caller, { method: "POST", path, body: { body: defused(body) } });
  }

  async ownIssues(): Forged<Issue[]> {
    const query = { state: "opened", scope: "created_by_me", per_page: PAGE.size };
    const given = await askForge(this.#caller, { path: `${this.#path}/issues`, query }, z.array(IssueBody));
    return given.ok ? ok(given.value.map(issueOf)) : given;
  }

  async createIssue({ title, body }: { title: string; body: string }): Forged<Issue> {
    const request = { title, description: defused(body) };
    const given = await askForge(
      this.#caller,
      { method: "POST", path: `${this.#path}/issues`, body: request },
      IssueBody,
    );
    return given.ok ? ok(issueOf(given.value)) : given;
  }

  async updateIssue(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Issue> {
    const ask = { method: "PUT" as const, path: `${this.#path}/issues/${number}`, body: changeOf(change) };
    const given = await askForge(this.#caller, ask, IssueBody);
    return given.ok ? ok(issueOf(given.value)) : given;
  }

  commentOnIssue(number: number, body: string): Forged<void> {
    const path = `${this.#path}/issues/${number}/notes`;
    return tellForge(this.#caller, { method: "POST", path, body: { body: defused(body) } });
  }

  async setStatus(oid: string, { state, context, description, url }: CommitStatus): Forged<void> {
    const body = {
      state: state === "failure" || state === "error" ? "failed" : state,
      name: context,
      description: description.slice(0, 255),
      ...(url === undefined ? {} : { target_url: url }),
    };
    const told = await tellForge(this.#caller, { method: "POST", path: `${this.#path}/statuses/${oid}`, body });
    // GitLab refuses to set a status to what it is already.
    const same = !told.ok && told.failure.code === "refused" && /Cannot transition status/i.test(told.failure.message);
    return same ? ok(undefined) : told;
  }

  async checks(oid: string): Forged<CommitCheck[]> {
    const status = z.object({ name: z.string(), status: z.string(), target_url: z.string().nullish() });
    const ask = { path: `${this.#path}/repository/commits/${oid}/statuses`, query: { per_page: PAGE.size } };
    const given = await askForge(this.#caller, ask, z.array(status));
    if (!given.ok) return given;
    return ok(
      given.value.map(({ name, status, target_url }) => ({
        name,
        state: checkState(status),
        ...(typeof target_url === "string" ? { url: target_url } : {}),
      })),
    );
  }

  async refOid(name: string): Forged<string | undefined> {
    const [kind, ...rest] = name.split("/");
    const place = kind === "tags" ? "tags" : "branches";
    const path = `${this.#path}/repository/${place}/${encodeURIComponent(rest.join("/"))}`;
    const given = await askMaybe(this.#caller, { path }, z.object({ commit: z.object({ id: z.string() }) }));
    return given.ok ? ok(given.value?.commit.id) : given;
  }

  createBranch(name: string, oid: string): Forged<void> {
    const path = `${this.#path}/repository/branches`;
    return tellForge(this.#caller, { method: "POST", path, body: { branch: name, ref: oid } });
  }

  async readFile(path: string, ref: string): Forged<{ text: string; oid: string } | undefined> {
    const file = z.object({ blob_id: z.string(), content: z.string() });
    const ask = { path: `${this.#path}/repository/files/${encodeURIComponent(path)}`, query: { ref } };
    const given = await askMaybe(this.#caller, ask, file);
    if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
    return ok({ text: fromBase64Text(given.value.content), oid: given.value.blob_id });
  }

  writeFile(file: { path: string; text: string; branch: string; message: string; oid?: string }): Forged<void> {
    const { path, text, branch, message, oid } = file;
    const body = { branch, content: text, commit_message: message };
    const method = oid === undefined ? ("POST" as const) : ("PUT" as const);
    return tellForge(this.#caller, {
      method,
      path: `${this.#path}/repository/files/${encodeURIComponent(path)}`,
      body,
    });
  }

  async #merges(query: Record<string, string>): Forged<Pull[]> {
    const ask = {
      path: `${this.#path}/merge_requests`,
      query: { ...query, order_by: "created_at", sort: "desc", per_page: PAGE.size },
    };
    const given = await askPages(this.#caller, ask, MergeRequest, PAGE);
    return given.ok ? ok(given.value.map(pullOf)) : given;
  }
}

/** A line that begins with a slash is a command to GitLab (`/close`, `/merge`): never from us. */
function defused(text: string): string {
  return text.replaceAll(/^(\s*)\/(?=[a-z])/gim, "$1&#47;");
}

function changeOf({ title, body, state }: { title?: string; body?: string; state?: "closed" }) {
  return {
    ...(title === undefined ? {} : { title }),
    ...(body === undefined ? {} : { description: defused(body) }),
    ...(state === undefined ? {} : { state_event: "close" }),
  };
}

function runOf(pipeline: z.infer<typeof Pipeline>): Run {
  const { id, web_url, status, created_at, name } = pipeline;
  return { id: String(id), url: web_url, name: name ?? "", status: runStatus(status), createdAt: created_at };
}

function runStatus(status: string): Run["status"] {
  switch (status) {
    case "success":
    case "skipped":
      return "succeeded";
    case "failed":
      return "failed";
    case "canceled":
    case "canceling":
      return "cancelled";
    case "running":
      return "running";
    default:
      return "queued";
  }
}

function checkState(status: string): CommitCheck["state"] {
  if (status === "success" || status === "skipped") return "succeeded";
  return status === "failed" || status === "canceled" ? "failed" : "pending";
}

function pullOf(merge: z.infer<typeof MergeRequest>): Pull {
  return {
    number: merge.iid,
    url: merge.web_url,
    state: merge.state === "merged" ? "merged" : merge.state === "opened" ? "open" : "closed",
    draft: merge.draft ?? false,
    title: merge.title,
    body: merge.description ?? "",
    author: merge.author.username,
    head: {
      branch: merge.source_branch,
      oid: merge.sha ?? "",
      here: merge.source_project_id === merge.target_project_id,
    },
    base: merge.target_branch,
  };
}

function issueOf({ iid, web_url, state, title, description, author }: z.infer<typeof IssueBody>): Issue {
  const open = state === "opened" ? ("open" as const) : ("closed" as const);
  return { number: iid, url: web_url, state: open, title, body: description ?? "", author: author.username };
}
