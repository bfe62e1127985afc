/**
 * GitHub's API over a forge's memory. Answers are the document's own examples with what is ours put in.
 *
 * @module
 */

import { type ApiAnswer, type ApiCall, type ForgeApi, repositoryOf, textField } from "./forge-api.ts";
import { GITHUB_DOCUMENT, githubExample } from "./github-document.ts";
import { OpenApi } from "./openapi.ts";
import type { ForgeIssue, ForgePull, ForgeRun, RepositoryState } from "./state.ts";

const notFound: ApiAnswer = { status: 404, body: { message: "Not Found" } };

/** The app's JWT is not checked here but by its shape: its signature is checked where it is made. */
function login(
  authorization: string | undefined,
  { tokens }: { tokens: ReadonlyMap<string, string> },
): string | undefined {
  const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
  if (token === undefined) return undefined;
  return tokens.get(token) ?? (token.split(".").length === 3 ? "jwt" : undefined);
}

export const githubApi: ForgeApi = {
  prefix: "/api/v3",
  document: new OpenApi(GITHUB_DOCUMENT),
  login,
  handle(call) {
    const { operation, params, login: who, state } = call;
    if (operation === "GET /user")
      return {
        status: 200,
        body: { ...githubExample("private-user-response-with-public-and-private-profile-information"), login: who },
      };
    if (operation === "GET /app")
      return { status: 200, body: { ...githubExample("integration"), slug: "patch-moi-test" } };
    if (operation === "POST /app/installations/{installation_id}/access_tokens") {
      const expires_at = new Date(Date.now() + 3_600_000).toISOString();
      return { status: 201, body: { ...githubExample("installation-token"), token: "ghs_installation", expires_at } };
    }
    const writes = !operation.startsWith("GET ");
    const found = repositoryOf(state, `${params.owner ?? ""}/${params.repo ?? ""}`, writes, {
      notFound,
      archived: { status: 403, body: { message: "Repository was archived so is read-only." } },
      moved: (to) => ({
        status: writes ? 307 : 301,
        headers: { location: `${call.origin}/api/v3/repos/${to.owner}/${to.name}` },
        body: { message: "Moved Permanently" },
      }),
    });
    return "refusal" in found ? found.refusal : inRepository(call, found.repository);
  },
};

function inRepository(call: ApiCall, repository: RepositoryState): ApiAnswer {
  const { params, query, body } = call;
  const text = (name: string): string => textField(body, name);
  const number = Number(params.pull_number ?? params.issue_number ?? 0);
  switch (call.operation) {
    case "GET /repos/{owner}/{repo}":
      return { status: 200, body: repositoryBody(call, repository) };
    case "GET /repos/{owner}/{repo}/installation":
      return { status: 200, body: { ...githubExample("installation"), id: 77 } };
    case "GET /repos/{owner}/{repo}/collaborators/{username}/permission": {
      const permission = repository.permissions.get(params.username ?? "");
      return permission === undefined
        ? notFound
        : { status: 200, body: { permission, role_name: permission, user: null } };
    }
    case "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches": {
      const workflow = params.workflow_id ?? "";
      const state = repository.workflows.get(workflow);
      if (state === undefined) return notFound;
      if (state === "disabled")
        return { status: 422, body: { message: "Cannot trigger a 'workflow_dispatch' on a disabled workflow" } };
      if (!repository.refs.has(`heads/${text("ref")}`))
        return { status: 422, body: { message: `No ref found for: ${text("ref")}` } };
      const run = call.state.dispatch(repository, workflow, text("ref"), body.inputs as Record<string, string>);
      call.started(repository, run);
      const { run_url, html_url } = {
        run_url: `${call.origin}/api/v3/runs/${run.id}`,
        html_url: runUrl(call, repository, run),
      };
      return body.return_run_details === true
        ? { status: 200, body: { workflow_run_id: run.id, run_url, html_url } }
        : { status: 204 };
    }
    case "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs": {
      const since = (query.get("created") ?? "").replace(">=", "");
      const runs = repository.runs.filter((r) => r.workflow === params.workflow_id && r.createdAt >= since);
      const bodies = runs.map((run) => runBody(call, repository, run));
      return { status: 200, body: { total_count: runs.length, workflow_runs: bodies } };
    }
    case "GET /repos/{owner}/{repo}/actions/runs/{run_id}": {
      const run = repository.runs.find(({ id }) => id === Number(params.run_id));
      return run === undefined ? notFound : { status: 200, body: runBody(call, repository, run) };
    }
    case "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel": {
      const run = repository.runs.find(({ id }) => id === Number(params.run_id));
      if (run === undefined) return notFound;
      if (run.status !== "queued" && run.status !== "running")
        return { status: 409, body: { message: "Cannot cancel a workflow run that is completed." } };
      run.status = "cancelled";
      return { status: 202, body: {} };
    }
    case "GET /repos/{owner}/{repo}/pulls": {
      const head = query.get("head")?.split(":")[1];
      const pulls = repository.pulls.filter(
        (p) =>
          (query.get("state") === "all" || p.state === "open") &&
          (head === undefined || p.head === head) &&
          (query.get("base") === null || p.base === query.get("base")),
      );
      return { status: 200, body: pulls.map((pull) => pullBody(call, repository, pull)) };
    }
    case "POST /repos/{owner}/{repo}/pulls": {
      if (repository.pulls.some((p) => p.state === "open" && p.head === text("head") && p.base === text("base")))
        return {
          status: 422,
          body: {
            message: "Validation Failed",
            errors: [{ message: `A pull request already exists for ${repository.owner}:${text("head")}.` }],
          },
        };
      const { title, head, base } = { title: text("title"), head: text("head"), base: text("base") };
      const pull = call.state.propose(repository, {
        title,
        head,
        base,
        body: text("body"),
        author: author(call),
        draft: body.draft === true,
      });
      return { status: 201, body: pullBody(call, repository, pull) };
    }
    case "PATCH /repos/{owner}/{repo}/pulls/{pull_number}": {
      const pull = repository.pulls.find((p) => p.number === number);
      if (pull === undefined) return notFound;
      change(pull, body);
      return { status: 200, body: pullBody(call, repository, pull) };
    }
    case "GET /repos/{owner}/{repo}/issues": {
      const creator = query.get("creator");
      const issues = repository.issues.filter((i) => i.state === "open" && (creator === null || i.author === creator));
      return { status: 200, body: issues.map((issue) => issueBody(call, repository, issue)) };
    }
    case "GET /repos/{owner}/{repo}/issues/{issue_number}": {
      const thing = [...repository.pulls, ...repository.issues].find((t) => t.number === number);
      if (thing === undefined) return notFound;
      return {
        status: 200,
        body: { ...githubExample("issue"), number, body: thing.body, user: { login: thing.author } },
      };
    }
    case "GET /repos/{owner}/{repo}/issues/comments/{comment_id}": {
      const said = repository.said.find(({ id }) => id === Number(params.comment_id));
      if (said === undefined) return notFound;
      const issue_url = `${call.origin}/api/v3/repos/${repository.owner}/${repository.name}/issues/${said.number}`;
      const { id, body: text, author: login, bot, createdAt: created_at, updatedAt: updated_at } = said;
      const user = { login, type: bot ? "Bot" : "User" };
      return { status: 200, body: { id, body: text, user, created_at, updated_at, issue_url } };
    }
    case "POST /repos/{owner}/{repo}/issues": {
      const issue = call.state.report(repository, { title: text("title"), body: text("body"), author: author(call) });
      return { status: 201, body: issueBody(call, repository, issue) };
    }
    case "PATCH /repos/{owner}/{repo}/issues/{issue_number}": {
      const issue = repository.issues.find((i) => i.number === number);
      if (issue === undefined) return notFound;
      change(issue, body);
      return { status: 200, body: issueBody(call, repository, issue) };
    }
    case "POST /repos/{owner}/{repo}/issues/{issue_number}/comments": {
      const thing = [...repository.pulls, ...repository.issues].find((t) => t.number === number);
      if (thing === undefined) return notFound;
      thing.comments.push(text("body"));
      return { status: 201, body: { id: call.state.number() } };
    }
    case "POST /repos/{owner}/{repo}/statuses/{sha}": {
      const list = repository.statuses.get(params.sha ?? "") ?? [];
      const status = {
        context: text("context"),
        state: text("state"),
        description: text("description"),
        url: text("target_url"),
      };
      repository.statuses.set(params.sha ?? "", [status, ...list.filter((s) => s.context !== status.context)]);
      return { status: 201, body: { ...githubExample("status"), ...status } };
    }
    case "GET /repos/{owner}/{repo}/commits/{ref}/status": {
      const statuses = pageOf(query, repository.statuses.get(params.ref ?? ""));
      const bodies = statuses.map(({ context, state, url }) => ({ context, state, target_url: url ?? null }));
      return { status: 200, body: { ...githubExample("combined-commit-status"), statuses: bodies } };
    }
    case "GET /repos/{owner}/{repo}/commits/{ref}/check-runs": {
      const all = repository.checkRuns.get(params.ref ?? "") ?? [];
      const check_runs = pageOf(query, all).map(({ url, ...run }) => ({ ...run, html_url: url ?? null }));
      return { status: 200, body: { total_count: all.length, check_runs } };
    }
    case "GET /repos/{owner}/{repo}/commits/{ref}/check-suites": {
      const all = repository.checkSuites.get(params.ref ?? "") ?? [];
      const check_suites = pageOf(query, all).map(({ app, runs, ...suite }) => ({
        ...suite,
        latest_check_runs_count: runs,
        app: { slug: app, name: app },
      }));
      return { status: 200, body: { total_count: all.length, check_suites } };
    }
    case "GET /repos/{owner}/{repo}/git/ref/{ref}": {
      const sha = repository.refs.get(params.ref ?? "");
      return sha === undefined
        ? notFound
        : { status: 200, body: { ...githubExample("git-ref"), object: { type: "commit", sha, url: "" } } };
    }
    case "POST /repos/{owner}/{repo}/git/refs": {
      repository.refs.set(text("ref").replace(/^refs\//, ""), text("sha"));
      return { status: 201, body: githubExample("git-ref") };
    }
    case "GET /repos/{owner}/{repo}/contents/{path}": {
      const content = repository.files.get(`${query.get("ref") ?? ""}:${params.path ?? ""}`);
      if (content === undefined) return notFound;
      const file = { type: "file", sha: "f".repeat(40), content: Buffer.from(content).toString("base64") };
      return { status: 200, body: { ...githubExample("content-file-response-if-content-is-a-file"), ...file } };
    }
    case "PUT /repos/{owner}/{repo}/contents/{path}": {
      repository.files.set(`${text("branch")}:${params.path ?? ""}`, Buffer.from(text("content"), "base64").toString());
      return { status: 201, body: {} };
    }
    default:
      return { status: 501, body: { message: `${call.operation} is not played` } };
  }
}

function pageOf<T>(query: URLSearchParams, all: readonly T[] = []): T[] {
  const size = Number(query.get("per_page") ?? 30);
  const page = Number(query.get("page") ?? 1);
  return all.slice((page - 1) * size, page * size);
}

/** An installation token writes as the app's own account. */
function author({ login: who }: ApiCall): string {
  return who;
}

function change(thing: ForgePull | ForgeIssue, body: Record<string, unknown>): void {
  if (typeof body.title === "string") thing.title = body.title;
  if (typeof body.body === "string") thing.body = body.body;
  if (body.state === "closed") thing.state = "closed";
}

function repositoryBody({ origin, login: who }: ApiCall, repository: RepositoryState): object {
  const { id, owner, name, defaultBranch, archived, parent, ownerId } = repository;
  const example = githubExample("full-repository-default-response");
  const urls = (fullName: string) => ({
    full_name: fullName,
    html_url: `${origin}/${fullName}`,
    clone_url: `${origin}/${fullName}.git`,
  });
  const push = ["write", "admin"].includes(repository.permissions.get(who) ?? "write");
  return {
    ...example,
    id,
    ...urls(`${owner}/${name}`),
    name,
    default_branch: defaultBranch,
    archived,
    owner: { ...(example.owner as object), login: owner, id: ownerId },
    permissions: { admin: false, push, pull: true },
    parent:
      parent === undefined ? undefined : { ...(example.parent as object), ...urls(`${parent.owner}/${parent.name}`) },
  };
}

function runUrl({ origin }: ApiCall, { owner, name }: RepositoryState, { id }: ForgeRun): string {
  return `${origin}/${owner}/${name}/actions/runs/${id}`;
}

function runBody(call: ApiCall, repository: RepositoryState, run: ForgeRun): object {
  const over = run.status !== "queued" && run.status !== "running";
  const words = {
    queued: "queued",
    running: "in_progress",
    succeeded: "success",
    failed: "failure",
    cancelled: "cancelled",
  };
  return {
    ...githubExample("workflow-run"),
    id: run.id,
    display_title: run.name,
    html_url: runUrl(call, repository, run),
    status: over ? "completed" : words[run.status],
    conclusion: over ? words[run.status] : null,
    created_at: run.createdAt,
  };
}

function pullBody({ origin }: ApiCall, repository: RepositoryState, pull: ForgePull): object {
  const example = githubExample("pull-request");
  const full_name = `${repository.owner}/${repository.name}`;
  return {
    ...example,
    number: pull.number,
    html_url: `${origin}/${full_name}/pull/${pull.number}`,
    state: pull.state === "open" ? "open" : "closed",
    merged_at: pull.state === "merged" ? new Date().toISOString() : null,
    draft: pull.draft,
    title: pull.title,
    body: pull.body,
    user: { ...(example.user as object), login: pull.author },
    head: {
      ...(example.head as object),
      ref: pull.head,
      sha: repository.refs.get(`heads/${pull.head}`) ?? "",
      repo: { full_name },
    },
    base: { ...(example.base as object), ref: pull.base, repo: { full_name } },
  };
}

function issueBody({ origin }: ApiCall, { owner, name }: RepositoryState, issue: ForgeIssue): object {
  const { pull_request: _, ...example } = githubExample("issue");
  const { number, title, body, state } = issue;
  const html_url = `${origin}/${owner}/${name}/issues/${number}`;
  return {
    ...example,
    number,
    title,
    body,
    state,
    html_url,
    user: { ...(example.user as object), login: issue.author },
  };
}
