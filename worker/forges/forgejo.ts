/**
 * Forgejo and Gitea: API v1 of both, as far as they agree.
 *
 * @module
 */
import { z } from "zod";
import { fail, ok } from "../platform/result.ts";
import { fromBase64Text, toBase64Text } from "./file-text.ts";
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

export type ForgejoOptions = {
  caller: Caller;
  repository: { owner: string; name: string };
  webUrl: string;
};

const Facts = z.object({
  id: z.number(),
  full_name: z.string(),
  html_url: z.string(),
  clone_url: z.string(),
  default_branch: z.string(),
});
const Repository = Facts.extend({
  archived: z.boolean(),
  owner: z.object({ id: z.number() }),
  permissions: z.object({ push: z.boolean() }).optional(),
  parent: Facts.nullish(),
});
const User = z.object({ login: z.string() });
/** Forgejo says `title` and `created`, Gitea `display_title` and `started_at`. */
const RunBody = z.object({
  id: z.number(),
  html_url: z.string(),
  title: z.string().optional(),
  display_title: z.string().optional(),
  status: z.string(),
  conclusion: z.string().nullish(),
  created: z.string().optional(),
  started_at: z.string().optional(),
});
const PullBody = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.enum(["open", "closed"]),
  merged: z.boolean(),
  draft: z.boolean().optional(),
  title: z.string(),
  body: z.string(),
  user: User.nullable(),
  head: z.object({ ref: z.string(), sha: z.string(), repo_id: z.number() }),
  base: z.object({ ref: z.string(), repo_id: z.number() }),
});
const IssueBody = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.enum(["open", "closed"]),
  title: z.string(),
  body: z.string(),
  user: User.nullable(),
});

const PAGE = { pages: 6, size: 50 };
/** How a title says that a pull request is a draft. */
const DRAFT = "WIP: ";

export class Forgejo implements Forge {
  readonly kind = "forgejo";
  readonly bodyLimit = 65_536;
  readonly webUrl: string;
  readonly #caller: Caller;
  readonly #path: string;

  constructor({ caller, repository, webUrl }: ForgejoOptions) {
    this.#caller = caller;
    this.webUrl = webUrl;
    this.#path = `/repos/${encodeURIComponent(repository.owner)}/${encodeURIComponent(repository.name)}`;
  }

  async self(): Forged<string> {
    const user = await askForge(this.#caller, { path: "/user" }, User);
    return user.ok ? ok(user.value.login) : user;
  }

  async repository(): Forged<RepositoryFacts> {
    const given = await askForge(this.#caller, { path: this.#path }, Repository);
    if (!given.ok) return given;
    const { id, owner, archived, permissions, parent } = given.value;
    const facts = ({ full_name, html_url, clone_url, default_branch }: z.infer<typeof Facts>) => ({
      fullName: full_name,
      webUrl: html_url,
      cloneUrl: clone_url,
      defaultBranch: default_branch,
    });
    return ok({
      id: String(id),
      ownerId: String(owner.id),
      ...facts(given.value),
      archived,
      mayWrite: permissions?.push ?? false,
      ...(parent == null ? {} : { parent: facts(parent) }),
    });
  }

  async permission(user: string): Forged<Permission> {
    const path = `${this.#path}/collaborators/${encodeURIComponent(user)}/permission`;
    const given = await askMaybe(this.#caller, { path }, z.object({ permission: z.string() }));
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
  }

  async dispatch({ workflow, ref, inputs }: DispatchRequest): Forged<{ run?: Run }> {
    const path = `${this.#path}/actions/workflows/${encodeURIComponent(workflow)}/dispatches`;
    // Forgejo answers 201 with the run when asked to; Gitea 204.
    const body = { ref, inputs, return_run_info: true };
    const given = await askForge(this.#caller, { method: "POST", path, body }, z.object({ id: z.number() }).nullable());
    if (!given.ok || given.value === null) return given.ok ? ok({}) : given;
    const id = String(given.value.id);
    const url = `${this.webUrl}/actions/runs/${id}`;
    return ok({ run: { id, url, name: "", status: "queued", createdAt: new Date().toISOString() } });
  }

  async findRun({
    name,
    since,
  }: {
    workflow: string;
    ref: string;
    name: string;
    since: string;
  }): Forged<Run | undefined> {
    const path = `${this.#path}/actions/runs`;
    const query = { event: "workflow_dispatch", limit: PAGE.size };
    const given = await askForge(this.#caller, { path, query }, z.object({ workflow_runs: z.array(RunBody) }));
    if (!given.ok) return given;
    // The API takes no time to begin at; a run has no time of its own until it starts.
    return ok(given.value.workflow_runs.map(runOf).find((run) => run.name === name && !(run.createdAt < since)));
  }

  async run(id: string): Forged<Run> {
    const given = await askForge(
      this.#caller,
      { path: `${this.#path}/actions/runs/${encodeURIComponent(id)}` },
      RunBody,
    );
    return given.ok ? ok(runOf(given.value)) : given;
  }

  async cancelRun(id: string): Forged<void> {
    const path = `${this.#path}/actions/runs/${encodeURIComponent(id)}/cancel`;
    const told = await tellForge(this.#caller, { method: "POST", path });
    return !told.ok && told.failure.status === 409 ? ok(undefined) : told;
  }

  async openPulls(base: string): Forged<Pull[]> {
    const given = await this.#pulls({ state: "open" });
    return given.ok ? ok(given.value.filter((pull) => pull.base === base)) : given;
  }

  async pullsOf(head: string): Forged<Pull[]> {
    const given = await this.#pulls({ state: "all" });
    return given.ok ? ok(given.value.filter((pull) => pull.head.branch === head && pull.head.here)) : given;
  }

  async createPull({ title, body, head, base, draft }: PullRequest): Forged<Pull> {
    const ask = {
      method: "POST" as const,
      path: `${this.#path}/pulls`,
      body: { title: draft ? DRAFT + title : title, body, head, base },
    };
    const given = await askForge(this.#caller, ask, PullBody);
    return given.ok ? ok(pullOf(given.value)) : given;
  }

  async updatePull(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Pull> {
    const ask = { method: "PATCH" as const, path: `${this.#path}/pulls/${number}`, body: change };
    const given = await askForge(this.#caller, ask, PullBody);
    return given.ok ? ok(pullOf(given.value)) : given;
  }

  commentOnPull(number: number, body: string): Forged<void> {
    return this.commentOnIssue(number, body);
  }

  async ownIssues(): Forged<Issue[]> {
    const self = await this.self();
    if (!self.ok) return self;
    const query = { type: "issues", state: "open", created_by: self.value, limit: PAGE.size };
    const given = await askForge(this.#caller, { path: `${this.#path}/issues`, query }, z.array(IssueBody));
    return given.ok ? ok(given.value.map(issueOf)) : given;
  }

  async createIssue(issue: { title: string; body: string }): Forged<Issue> {
    const given = await askForge(
      this.#caller,
      { method: "POST", path: `${this.#path}/issues`, body: issue },
      IssueBody,
    );
    return given.ok ? ok(issueOf(given.value)) : given;
  }

  async updateIssue(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Issue> {
    const ask = { method: "PATCH" as const, path: `${this.#path}/issues/${number}`, body: change };
    const given = await askForge(this.#caller, ask, IssueBody);
    return given.ok ? ok(issueOf(given.value)) : given;
  }

  commentOnIssue(number: number, body: string): Forged<void> {
    return tellForge(this.#caller, { method: "POST", path: `${this.#path}/issues/${number}/comments`, body: { body } });
  }

  setStatus(oid: string, { state, context, description, url }: CommitStatus): Forged<void> {
    const body = { state, context, description, ...(url === undefined ? {} : { target_url: url }) };
    return tellForge(this.#caller, { method: "POST", path: `${this.#path}/statuses/${oid}`, body });
  }

  async checks(oid: string): Forged<CommitCheck[]> {
    const path = `${this.#path}/commits/${oid}/status`;
    const status = z.object({ context: z.string(), status: z.string(), target_url: z.string().optional() });
    const given = await askForge(
      this.#caller,
      { path, query: { limit: PAGE.size } },
      z.object({ statuses: z.array(status).nullable() }),
    );
    if (!given.ok) return given;
    return ok(
      (given.value.statuses ?? []).map(({ context, status, target_url }) => ({
        name: context,
        state: status === "success" || status === "skipped" ? "succeeded" : status === "pending" ? "pending" : "failed",
        ...(target_url === undefined || target_url === "" ? {} : { url: target_url }),
      })),
    );
  }

  async refOid(name: string): Forged<string | undefined> {
    const path = `${this.#path}/git/refs/${encodeRef(name)}`;
    const ref = z.object({ ref: z.string(), object: z.object({ sha: z.string() }) });
    // It answers with every ref that begins so.
    const given = await askMaybe(this.#caller, { path }, z.array(ref));
    return given.ok ? ok(given.value?.find((one) => one.ref === `refs/${name}`)?.object.sha) : given;
  }

  createBranch(name: string, oid: string): Forged<void> {
    const body = { new_branch_name: name, old_ref_name: oid };
    return tellForge(this.#caller, { method: "POST", path: `${this.#path}/branches`, body });
  }

  async readFile(path: string, ref: string): Forged<{ text: string; oid: string } | undefined> {
    const file = z.object({ type: z.literal("file"), sha: z.string(), content: z.string() });
    const given = await askMaybe(
      this.#caller,
      { path: `${this.#path}/contents/${encodeRef(path)}`, query: { ref } },
      file,
    );
    if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
    return ok({ text: fromBase64Text(given.value.content), oid: given.value.sha });
  }

  writeFile(file: { path: string; text: string; branch: string; message: string; oid?: string }): Forged<void> {
    const { path, text, branch, message, oid } = file;
    const body = { branch, message, content: toBase64Text(text), ...(oid === undefined ? {} : { sha: oid }) };
    const method = oid === undefined ? ("POST" as const) : ("PUT" as const);
    return tellForge(this.#caller, { method, path: `${this.#path}/contents/${encodeRef(path)}`, body });
  }

  async #pulls(query: { state: "open" | "all" }): Forged<Pull[]> {
    const ask = { path: `${this.#path}/pulls`, query: { ...query, sort: "recentupdate", limit: PAGE.size } };
    const given = await askPages(this.#caller, ask, PullBody, PAGE);
    // The API orders by other times than this one; numbers are given in the order of creation.
    return given.ok ? ok(given.value.map(pullOf).toSorted((a, b) => b.number - a.number)) : fail(given.failure);
  }
}

/** Slashes stay: they part the segments of a ref or path. */
function encodeRef(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

function runOf(run: z.infer<typeof RunBody>): Run {
  return {
    id: String(run.id),
    url: run.html_url,
    name: run.title ?? run.display_title ?? "",
    status: runStatus(run.status, run.conclusion ?? undefined),
    createdAt: iso(run.created ?? run.started_at),
  };
}

/** Forgejo has one word for both, Gitea GitHub's two. */
function runStatus(status: string, conclusion: string | undefined): Run["status"] {
  const word = status === "completed" ? conclusion : status;
  if (word === "success" || word === "skipped") return "succeeded";
  if (word === "failure") return "failed";
  if (word === "cancelled") return "cancelled";
  return word === "running" || word === "in_progress" ? "running" : "queued";
}

/** A run that has not started has no time: it counts as just now. */
function iso(text: string | undefined): string {
  const at = Date.parse(text ?? "");
  return new Date(Number.isNaN(at) || at <= 0 ? Date.now() : at).toISOString();
}

function pullOf(pull: z.infer<typeof PullBody>): Pull {
  return {
    number: pull.number,
    url: pull.html_url,
    state: pull.merged ? "merged" : pull.state,
    draft: pull.draft ?? pull.title.startsWith(DRAFT),
    title: pull.title,
    body: pull.body,
    author: pull.user?.login ?? "",
    head: { branch: pull.head.ref, oid: pull.head.sha, here: pull.head.repo_id === pull.base.repo_id },
    base: pull.base.ref,
  };
}

function issueOf({ number, html_url, state, title, body, user }: z.infer<typeof IssueBody>): Issue {
  return { number, url: html_url, state, title, body, author: user?.login ?? "" };
}
