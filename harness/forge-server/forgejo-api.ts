/**
 * The API that Forgejo and Gitea share, over a forge's memory.
 *
 * @module
 */

import { type ApiAnswer, type ApiCall, type ForgeApi, repositoryOf, textField } from "./forge-api.ts";
import { narrowDocument } from "./narrow-document.ts";
import { OpenApi } from "./openapi.ts";
import type { ForgeIssue, ForgePull, ForgeRun, RepositoryState } from "./state.ts";

const R = "/repos/{owner}/{repo}";
const TITLED = { title: "string!", body: "string" } as const;
const CHANGE = { title: "string", body: "string", state: { enum: ["open", "closed"] } } as const;
const FILE = { branch: "string", message: "string", content: "string!" } as const;

const DOCUMENT = narrowDocument({
  "GET /user": {},
  [`GET ${R}`]: {},
  [`GET ${R}/collaborators/{collaborator}/permission`]: {},
  [`POST ${R}/actions/workflows/{workflowfilename}/dispatches`]: {
    body: {
      ref: "string!",
      inputs: { type: "object", additionalProperties: { type: "string" } },
      return_run_info: "boolean",
    },
  },
  [`GET ${R}/actions/runs`]: {
    query: ["page", "limit", "event", "status", "run_number", "head_sha", "ref", "workflow_id"],
  },
  [`GET ${R}/actions/runs/{run_id}`]: {},
  [`POST ${R}/actions/runs/{run_id}/cancel`]: {},
  [`GET ${R}/pulls`]: { query: ["state", "sort", "milestone", "labels", "poster", "page", "limit"] },
  [`POST ${R}/pulls`]: { body: { ...TITLED, head: "string!", base: "string!" } },
  [`PATCH ${R}/pulls/{index}`]: { body: CHANGE },
  [`GET ${R}/issues`]: { query: ["state", "type", "created_by", "page", "limit"] },
  [`GET ${R}/issues/{index}`]: {},
  [`GET ${R}/issues/comments/{id}`]: {},
  [`POST ${R}/issues`]: { body: TITLED },
  [`PATCH ${R}/issues/{index}`]: { body: CHANGE },
  [`POST ${R}/issues/{index}/comments`]: { body: { body: "string!" } },
  [`POST ${R}/statuses/{sha}`]: {
    body: {
      context: "string",
      description: "string",
      state: { enum: ["pending", "success", "error", "failure", "warning"] },
      target_url: "string",
    },
  },
  // Its own word is `ref`, which would take in the slash here.
  [`GET ${R}/commits/{sha}/status`]: { query: ["page", "limit"] },
  [`GET ${R}/git/refs/{ref}`]: {},
  [`POST ${R}/branches`]: { body: { new_branch_name: "string!", old_ref_name: "string", old_branch_name: "string" } },
  [`GET ${R}/contents/{path}`]: { query: ["ref"] },
  [`POST ${R}/contents/{path}`]: { body: FILE },
  [`PUT ${R}/contents/{path}`]: { body: { ...FILE, sha: "string!" } },
});

const notFound: ApiAnswer = { status: 404, body: { message: "The target couldn't be found." } };

export const forgejoApi: ForgeApi = {
  prefix: "/api/v1",
  document: new OpenApi(DOCUMENT),
  login: (authorization, { tokens }) => tokens.get(/^token (.+)$/.exec(authorization ?? "")?.[1] ?? ""),
  handle(call) {
    const { operation, params, login, state } = call;
    if (operation === "GET /user") return { status: 200, body: { id: 1, login } };
    const writes = !operation.startsWith("GET ");
    const found = repositoryOf(state, `${params.owner ?? ""}/${params.repo ?? ""}`, writes, {
      notFound,
      archived: { status: 423, body: { message: "Repository is archived" } },
      moved: (to) => ({
        status: writes ? 307 : 301,
        headers: { location: `${call.origin}/api/v1/repos/${to.owner}/${to.name}` },
      }),
    });
    return "refusal" in found ? found.refusal : inRepository(call, found.repository);
  },
};

function inRepository(call: ApiCall, repository: RepositoryState): ApiAnswer {
  const { params, query, body } = call;
  const text = (name: string): string => textField(body, name);
  const index = Number(params.index ?? 0);
  switch (call.operation) {
    case `GET ${R}`:
      return { status: 200, body: repositoryBody(call, repository) };
    case `GET ${R}/collaborators/{collaborator}/permission`:
      return { status: 200, body: { permission: repository.permissions.get(params.collaborator ?? "") ?? "none" } };
    case `POST ${R}/actions/workflows/{workflowfilename}/dispatches`: {
      const workflow = params.workflowfilename ?? "";
      const state = repository.workflows.get(workflow);
      if (state === undefined) return notFound;
      if (state === "disabled") return { status: 422, body: { message: "workflow is disabled" } };
      const run = call.state.dispatch(repository, workflow, text("ref"), body.inputs as Record<string, string>);
      call.started(repository, run);
      return body.return_run_info === true
        ? { status: 201, body: { id: run.id, run_number: run.id, jobs: ["carry"] } }
        : { status: 204 };
    }
    case `GET ${R}/actions/runs`:
      return {
        status: 200,
        body: {
          total_count: repository.runs.length,
          workflow_runs: repository.runs.map((r) => runBody(call, repository, r)),
        },
      };
    case `GET ${R}/actions/runs/{run_id}`: {
      const run = repository.runs.find(({ id }) => id === Number(params.run_id));
      return run === undefined ? notFound : { status: 200, body: runBody(call, repository, run) };
    }
    case `POST ${R}/actions/runs/{run_id}/cancel`: {
      const run = repository.runs.find(({ id }) => id === Number(params.run_id));
      if (run === undefined) return notFound;
      if (run.status === "queued" || run.status === "running") run.status = "cancelled";
      return { status: 204 };
    }
    case `GET ${R}/pulls`: {
      const page = Number(query.get("page") ?? 1);
      const pulls = repository.pulls.filter((p) => query.get("state") === "all" || p.state === "open");
      const limit = Number(query.get("limit") ?? 50);
      return {
        status: 200,
        body: pulls.slice((page - 1) * limit, page * limit).map((p) => pullBody(call, repository, p)),
      };
    }
    case `POST ${R}/pulls`: {
      const [head, base] = [text("head"), text("base")];
      if (repository.pulls.some((p) => p.state === "open" && p.head === head && p.base === base))
        return { status: 409, body: { message: "pull request already exists for these targets" } };
      const draft = text("title").startsWith("WIP:");
      const pull = call.state.propose(repository, {
        title: text("title"),
        body: text("body"),
        author: call.login,
        head,
        base,
        draft,
      });
      return { status: 201, body: pullBody(call, repository, pull) };
    }
    case `PATCH ${R}/pulls/{index}`: {
      const pull = repository.pulls.find((p) => p.number === index);
      if (pull === undefined) return notFound;
      change(pull, body);
      return { status: 201, body: pullBody(call, repository, pull) };
    }
    case `GET ${R}/issues`: {
      const who = query.get("created_by");
      const issues = repository.issues.filter((i) => i.state === "open" && (who === null || i.author === who));
      return { status: 200, body: issues.map((i) => issueBody(call, repository, i)) };
    }
    case `GET ${R}/issues/{index}`: {
      const thing = [...repository.pulls, ...repository.issues].find(({ number }) => number === index);
      return thing === undefined
        ? notFound
        : { status: 200, body: { body: thing.body, user: { login: thing.author } } };
    }
    case `GET ${R}/issues/comments/{id}`: {
      const said = repository.said.find(({ id }) => id === Number(params.id));
      if (said === undefined) return notFound;
      const { id, author, createdAt: created_at, updatedAt: updated_at, number } = said;
      const address = `${call.origin}/${repository.owner}/${repository.name}`;
      const where =
        said.on === "pull"
          ? { pull_request_url: `${address}/pulls/${number}` }
          : { issue_url: `${address}/issues/${number}` };
      const none = { issue_url: "", pull_request_url: "" };
      return {
        status: 200,
        body: { id, body: said.body, user: { login: author }, created_at, updated_at, ...none, ...where },
      };
    }
    case `POST ${R}/issues`: {
      const issue = call.state.report(repository, { title: text("title"), body: text("body"), author: call.login });
      return { status: 201, body: issueBody(call, repository, issue) };
    }
    case `PATCH ${R}/issues/{index}`: {
      const issue = repository.issues.find((i) => i.number === index);
      if (issue === undefined) return notFound;
      change(issue, body);
      return { status: 201, body: issueBody(call, repository, issue) };
    }
    case `POST ${R}/issues/{index}/comments`: {
      const thing = [...repository.pulls, ...repository.issues].find((t) => t.number === index);
      if (thing === undefined) return notFound;
      thing.comments.push(text("body"));
      return { status: 201, body: { id: call.state.number() } };
    }
    case `POST ${R}/statuses/{sha}`: {
      const status = {
        context: text("context"),
        state: text("state"),
        description: text("description"),
        url: text("target_url"),
      };
      const list = repository.statuses.get(params.sha ?? "") ?? [];
      repository.statuses.set(params.sha ?? "", [status, ...list.filter((s) => s.context !== status.context)]);
      return { status: 201, body: { id: call.state.number() } };
    }
    case `GET ${R}/commits/{sha}/status`: {
      const [page, limit] = [Number(query.get("page") ?? 1), Number(query.get("limit") ?? 30)];
      const all = repository.statuses.get(params.sha ?? "") ?? [];
      const statuses = all.slice((page - 1) * limit, page * limit).map(({ context, state, url }) => ({
        context,
        status: state,
        target_url: url ?? "",
      }));
      return { status: 200, body: { statuses: statuses.length === 0 ? null : statuses } };
    }
    case `GET ${R}/git/refs/{ref}`: {
      const refs = [...repository.refs].filter(([name]) => name.startsWith(params.ref ?? ""));
      return refs.length === 0
        ? notFound
        : { status: 200, body: refs.map(([name, sha]) => ({ ref: `refs/${name}`, object: { type: "commit", sha } })) };
    }
    case `POST ${R}/branches`: {
      repository.refs.set(`heads/${text("new_branch_name")}`, text("old_ref_name"));
      return { status: 201, body: { name: text("new_branch_name") } };
    }
    case `GET ${R}/contents/{path}`: {
      const content = repository.files.get(`${query.get("ref") ?? ""}:${params.path ?? ""}`);
      if (content === undefined) return notFound;
      return {
        status: 200,
        body: { type: "file", sha: "f".repeat(40), content: Buffer.from(content).toString("base64") },
      };
    }
    case `POST ${R}/contents/{path}`:
    case `PUT ${R}/contents/{path}`: {
      repository.files.set(`${text("branch")}:${params.path ?? ""}`, Buffer.from(text("content"), "base64").toString());
      return { status: 201, body: {} };
    }
    default:
      return { status: 501, body: { message: `${call.operation} is not played` } };
  }
}

function change(thing: ForgePull | ForgeIssue, body: Record<string, unknown>): void {
  if (typeof body.title === "string") thing.title = body.title;
  if (typeof body.body === "string") thing.body = body.body;
  if (body.state === "closed") thing.state = "closed";
}

function repositoryBody({ origin, login }: ApiCall, repository: RepositoryState): object {
  const { id, ownerId, owner, name, defaultBranch, archived, parent, permissions } = repository;
  const facts = (full_name: string) => ({
    id,
    full_name,
    html_url: `${origin}/${full_name}`,
    clone_url: `${origin}/${full_name}.git`,
    default_branch: defaultBranch,
  });
  return {
    ...facts(`${owner}/${name}`),
    archived,
    owner: { id: ownerId, login: owner },
    permissions: { admin: false, push: permissions.get(login) !== "read", pull: true },
    parent: parent === undefined ? null : facts(`${parent.owner}/${parent.name}`),
  };
}

function runBody({ origin }: ApiCall, { owner, name }: RepositoryState, run: ForgeRun): object {
  const words = {
    queued: "waiting",
    running: "running",
    succeeded: "success",
    failed: "failure",
    cancelled: "cancelled",
  };
  const html_url = `${origin}/${owner}/${name}/actions/runs/${run.id}`;
  return {
    id: run.id,
    title: run.name,
    status: words[run.status],
    html_url,
    created: run.createdAt,
    event: "workflow_dispatch",
  };
}

function pullBody({ origin }: ApiCall, repository: RepositoryState, pull: ForgePull): object {
  const { owner, name, id, refs } = repository;
  return {
    number: pull.number,
    html_url: `${origin}/${owner}/${name}/pulls/${pull.number}`,
    state: pull.state === "open" ? "open" : "closed",
    merged: pull.state === "merged",
    draft: pull.draft,
    title: pull.title,
    body: pull.body,
    user: { id: 1, login: pull.author },
    head: { ref: pull.head, sha: refs.get(`heads/${pull.head}`) ?? "", repo_id: id },
    base: { ref: pull.base, sha: refs.get(`heads/${pull.base}`) ?? "", repo_id: id },
  };
}

function issueBody({ origin }: ApiCall, { owner, name }: RepositoryState, issue: ForgeIssue): object {
  const { number, title, body, state, author } = issue;
  return {
    number,
    title,
    body,
    state,
    html_url: `${origin}/${owner}/${name}/issues/${number}`,
    user: { id: 1, login: author },
  };
}
