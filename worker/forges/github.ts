/**
 * GitHub, github.com and Enterprise. Requests are built by GitHub's own `@octokit/endpoint`, typed by
 * GitHub's description of its API, and carried by our outbound wrapper.
 *
 * @module
 */
import { endpoint } from "@octokit/endpoint";
import type { Endpoints } from "@octokit/types";
import { z } from "zod";
import { ok } from "../platform/result.ts";
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
import { type Ask, askForge, askMaybe, type Caller, type Method, tellForge } from "./forge-request.ts";
import {
  CheckRuns,
  checkState,
  Dispatched,
  File,
  IssueBody,
  issueOf,
  Parent,
  PullBody,
  pullOf,
  Ref,
  Repository,
  RunBody,
  runOf,
  Statuses,
  User,
} from "./github-answers.ts";
import { type AppPermissions, GITHUB_HEADERS } from "./github-app.ts";

/** How a request is authorized: with permissions for an app, with the token itself otherwise. */
export type GithubAuthorize = (permissions: AppPermissions) => Forged<string>;

export type GithubOptions = {
  caller: Omit<Caller, "authorization">;
  repository: { owner: string; name: string };
  webUrl: string;
  authorize: GithubAuthorize;
  /** Login that the credential writes as, where it is no user's token. */
  self?: () => Forged<string>;
};

const PAGE = 100;
/** Pages of open pull requests into one branch that are looked through. */
const PAGES = 3;

type Route = keyof Endpoints;
type Params<R extends Route> = Omit<Endpoints[R]["parameters"], "owner" | "repo" | "baseUrl" | "headers" | "mediaType">;

export class Github implements Forge {
  readonly kind = "github";
  readonly bodyLimit = 65_536;
  readonly webUrl: string;
  readonly #options: GithubOptions;

  constructor(options: GithubOptions) {
    this.#options = options;
    this.webUrl = options.webUrl;
  }

  async self(): Forged<string> {
    if (this.#options.self !== undefined) return this.#options.self();
    const user = await this.#ask("GET /user", {}, { metadata: "read" }, User);
    return user.ok ? ok(user.value.login) : user;
  }

  async repository(): Forged<RepositoryFacts> {
    const schema = Repository.extend({ parent: Parent.optional() });
    const given = await this.#ask("GET /repos/{owner}/{repo}", {}, { metadata: "read", contents: "write" }, schema);
    if (!given.ok) return given;
    const { id, owner, full_name, html_url, clone_url, default_branch, archived, permissions, parent } = given.value;
    return ok({
      id: String(id),
      ownerId: String(owner.id),
      fullName: full_name,
      webUrl: html_url,
      cloneUrl: clone_url,
      defaultBranch: default_branch,
      archived,
      // An installation token has no user's permissions; it was made with `contents: write` or not at all.
      mayWrite: permissions?.push ?? true,
      ...(parent === undefined
        ? {}
        : {
            parent: {
              fullName: parent.full_name,
              cloneUrl: parent.clone_url,
              webUrl: parent.html_url,
              defaultBranch: parent.default_branch,
            },
          }),
    });
  }

  async permission(user: string): Forged<Permission> {
    const route = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
    const schema = z.object({ permission: z.enum(["none", "read", "write", "admin"]) });
    const given = await this.#maybe(route, { username: user }, { metadata: "read" }, schema);
    return given.ok ? ok(given.value?.permission ?? "none") : given;
  }

  async dispatch({ workflow, ref, inputs }: DispatchRequest): Forged<{ run?: Run }> {
    const route = "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
    const params = { workflow_id: workflow, ref, inputs, return_run_details: true };
    // A server that does not know `return_run_details` answers 204 with nothing.
    const schema = Dispatched.nullable();
    const given = await this.#ask(route, params, { actions: "write" }, schema);
    if (!given.ok || given.value === null) return given.ok ? ok({}) : given;
    const { workflow_run_id, html_url } = given.value;
    const createdAt = new Date().toISOString();
    return ok({ run: { id: String(workflow_run_id), url: html_url, name: "", status: "queued", createdAt } });
  }

  async findRun({
    workflow,
    ref,
    name,
    since,
  }: {
    workflow: string;
    ref: string;
    name: string;
    since: string;
  }): Forged<Run | undefined> {
    const route = "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs";
    const created = `>=${since.slice(0, 19)}Z`;
    const params = { workflow_id: workflow, event: "workflow_dispatch", branch: ref, created, per_page: PAGE };
    const schema = z.object({ workflow_runs: z.array(RunBody) });
    const given = await this.#ask(route, params, { actions: "read" }, schema);
    if (!given.ok) return given;
    const found = given.value.workflow_runs.find((run) => run.display_title === name || run.name === name);
    return ok(found === undefined ? undefined : runOf(found));
  }

  async run(id: string): Forged<Run> {
    const params = { run_id: Number(id) };
    const given = await this.#ask(
      "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
      params,
      { actions: "read" },
      RunBody,
    );
    return given.ok ? ok(runOf(given.value)) : given;
  }

  async cancelRun(id: string): Forged<void> {
    const route = "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel";
    const told = await this.#tell(route, { run_id: Number(id) }, { actions: "write" });
    // 409: it has ended by itself.
    return !told.ok && told.failure.status === 409 ? ok(undefined) : told;
  }

  async openPulls(base: string): Forged<Pull[]> {
    const all: Pull[] = [];
    for (let page = 1; page <= PAGES; page++) {
      const given = await this.#pulls({ base, state: "open", page });
      if (!given.ok) return given;
      all.push(...given.value);
      if (given.value.length < PAGE) break;
    }
    return ok(all);
  }

  pullsOf(head: string): Forged<Pull[]> {
    return this.#pulls({ head: `${this.#options.repository.owner}:${head}`, state: "all" });
  }

  async createPull({ title, body, head, base, draft }: PullRequest): Forged<Pull> {
    const params = { title, body, head, base, draft, maintainer_can_modify: false };
    const given = await this.#ask("POST /repos/{owner}/{repo}/pulls", params, { pull_requests: "write" }, PullBody);
    return given.ok ? ok(pullOf(given.value)) : given;
  }

  async updatePull(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Pull> {
    const route = "PATCH /repos/{owner}/{repo}/pulls/{pull_number}";
    const given = await this.#ask(route, { pull_number: number, ...change }, { pull_requests: "write" }, PullBody);
    return given.ok ? ok(pullOf(given.value)) : given;
  }

  commentOnPull(number: number, body: string): Forged<void> {
    const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
    return this.#tell(route, { issue_number: number, body }, { pull_requests: "write" });
  }

  async ownIssues(): Forged<Issue[]> {
    const self = await this.self();
    if (!self.ok) return self;
    const params = { creator: self.value, state: "open" as const, per_page: PAGE };
    const given = await this.#ask("GET /repos/{owner}/{repo}/issues", params, { issues: "read" }, z.array(IssueBody));
    return given.ok ? ok(given.value.filter((issue) => issue.pull_request === undefined).map(issueOf)) : given;
  }

  async createIssue(issue: { title: string; body: string }): Forged<Issue> {
    const given = await this.#ask("POST /repos/{owner}/{repo}/issues", issue, { issues: "write" }, IssueBody);
    return given.ok ? ok(issueOf(given.value)) : given;
  }

  async updateIssue(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Issue> {
    const route = "PATCH /repos/{owner}/{repo}/issues/{issue_number}";
    const given = await this.#ask(route, { issue_number: number, ...change }, { issues: "write" }, IssueBody);
    return given.ok ? ok(issueOf(given.value)) : given;
  }

  commentOnIssue(number: number, body: string): Forged<void> {
    const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
    return this.#tell(route, { issue_number: number, body }, { issues: "write" });
  }

  setStatus(oid: string, { state, context, description, url }: CommitStatus): Forged<void> {
    const params = {
      sha: oid,
      state,
      context,
      description: description.slice(0, 140),
      ...(url === undefined ? {} : { target_url: url }),
    };
    return this.#tell("POST /repos/{owner}/{repo}/statuses/{sha}", params, { statuses: "write" });
  }

  async checks(oid: string): Forged<CommitCheck[]> {
    const params = { ref: oid, per_page: PAGE };
    const statuses = await this.#ask(
      "GET /repos/{owner}/{repo}/commits/{ref}/status",
      params,
      { statuses: "read" },
      Statuses,
    );
    if (!statuses.ok) return statuses;
    const runs = await this.#ask(
      "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
      params,
      { checks: "read" },
      CheckRuns,
    );
    if (!runs.ok) return runs;
    return ok([
      ...statuses.value.statuses.map(({ context, state, target_url }) => ({
        name: context,
        state:
          state === "success"
            ? ("succeeded" as const)
            : state === "pending"
              ? ("pending" as const)
              : ("failed" as const),
        ...(typeof target_url === "string" ? { url: target_url } : {}),
      })),
      ...runs.value.check_runs.map(({ name, status, conclusion, html_url, app }) => ({
        name,
        state: checkState(status, conclusion),
        ...(typeof html_url === "string" ? { url: html_url } : {}),
        ...(app?.slug === undefined ? {} : { app: app.slug }),
      })),
    ]);
  }

  async refOid(name: string): Forged<string | undefined> {
    const given = await this.#maybe(
      "GET /repos/{owner}/{repo}/git/ref/{ref}",
      { ref: name },
      { contents: "read" },
      Ref,
    );
    return given.ok ? ok(given.value?.object.sha) : given;
  }

  createBranch(name: string, oid: string): Forged<void> {
    const params = { ref: `refs/heads/${name}`, sha: oid };
    return this.#tell("POST /repos/{owner}/{repo}/git/refs", params, { contents: "write" });
  }

  async readFile(path: string, ref: string): Forged<{ text: string; oid: string } | undefined> {
    const given = await this.#maybe(
      "GET /repos/{owner}/{repo}/contents/{path}",
      { path, ref },
      { contents: "read" },
      File,
    );
    if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
    return ok({ text: fromBase64Text(given.value.content), oid: given.value.sha });
  }

  writeFile(file: { path: string; text: string; branch: string; message: string; oid?: string }): Forged<void> {
    const { path, text, branch, message, oid } = file;
    const params = { path, branch, message, content: toBase64Text(text), ...(oid === undefined ? {} : { sha: oid }) };
    const workflows: AppPermissions = path.startsWith(".github/workflows/") ? { workflows: "write" } : {};
    return this.#tell("PUT /repos/{owner}/{repo}/contents/{path}", params, { contents: "write", ...workflows });
  }

  async #pulls(query: Params<"GET /repos/{owner}/{repo}/pulls">): Forged<Pull[]> {
    const params = { ...query, sort: "created" as const, direction: "desc" as const, per_page: PAGE };
    const given = await this.#ask(
      "GET /repos/{owner}/{repo}/pulls",
      params,
      { pull_requests: "read" },
      z.array(PullBody),
    );
    return given.ok ? ok(given.value.map(pullOf)) : given;
  }

  #ask<R extends Route, S extends z.ZodType>(
    route: R,
    params: Params<R>,
    permissions: AppPermissions,
    answer: S,
  ): Forged<z.output<S>> {
    return askForge(this.#caller(permissions), this.#request(route, params), answer);
  }

  #maybe<R extends Route, S extends z.ZodType>(
    route: R,
    params: Params<R>,
    permissions: AppPermissions,
    answer: S,
  ): Forged<z.output<S> | undefined> {
    return askMaybe(this.#caller(permissions), this.#request(route, params), answer);
  }

  #tell<R extends Route>(route: R, params: Params<R>, permissions: AppPermissions): Forged<void> {
    return tellForge(this.#caller(permissions), this.#request(route, params));
  }

  #request<R extends Route>(route: R, params: Params<R>): Ask {
    const { owner, name } = this.#options.repository;
    const place = route.includes("{repo}") ? { owner, repo: name } : {};
    const built = endpoint(route, { ...params, ...place, baseUrl: "" });
    const body: unknown = built.body;
    return { method: built.method as Method, path: built.url, ...(body === undefined ? {} : { body }) };
  }

  #caller(permissions: AppPermissions): Caller {
    return {
      ...this.#options.caller,
      authorization: async () => {
        const token = await this.#options.authorize(permissions);
        return token.ok ? ok({ ...GITHUB_HEADERS, authorization: `Bearer ${token.value}` }) : token;
      },
    };
  }
}
