/**
 * GitLab's API over a forge's memory.
 *
 * @module
 */

import { type ApiAnswer, type ApiCall, type ForgeApi, repositoryOf, textField } from "./forge-api.ts";
import { narrowDocument } from "./narrow-document.ts";
import { OpenApi } from "./openapi.ts";
import type { ForgeIssue, ForgePull, ForgeRun, RepositoryState } from "./state.ts";

const P = "/projects/{id}";
const CHANGE = { title: "string", description: "string", state_event: { enum: ["close", "reopen"] } } as const;
const FILE = { branch: "string!", content: "string!", commit_message: "string!" } as const;
const PAGES = ["page", "per_page", "order_by", "sort"] as const;

const DOCUMENT = narrowDocument({
  "GET /user": {},
  "GET /users": { query: ["username"] },
  [`GET ${P}`]: {},
  [`GET ${P}/members/all/{user_id}`]: {},
  [`POST ${P}/pipeline`]: {
    body: {
      ref: "string!",
      variables: {
        type: "array",
        items: {
          type: "object",
          properties: { key: { type: "string", pattern: "^[A-Za-z0-9_]+$" }, value: { type: "string" } },
          required: ["key", "value"],
        },
      },
    },
  },
  [`GET ${P}/pipelines`]: { query: [...PAGES, "ref", "source", "created_after", "status", "sha"] },
  [`GET ${P}/pipelines/{pipeline_id}`]: {},
  [`GET ${P}/pipelines/{pipeline_id}/variables`]: {},
  [`POST ${P}/pipelines/{pipeline_id}/cancel`]: {},
  [`GET ${P}/merge_requests`]: { query: [...PAGES, "state", "source_branch", "target_branch"] },
  [`POST ${P}/merge_requests`]: {
    body: { title: "string!", description: "string", source_branch: "string!", target_branch: "string!" },
  },
  [`PUT ${P}/merge_requests/{iid}`]: { body: CHANGE },
  [`POST ${P}/merge_requests/{iid}/notes`]: { body: { body: "string!" } },
  [`GET ${P}/issues`]: { query: [...PAGES, "state", "scope"] },
  [`GET ${P}/merge_requests/{iid}`]: {},
  [`GET ${P}/issues/{iid}`]: {},
  [`GET ${P}/merge_requests/{iid}/notes/{note_id}`]: {},
  [`GET ${P}/issues/{iid}/notes/{note_id}`]: {},
  [`POST ${P}/issues`]: { body: { title: "string!", description: "string" } },
  [`PUT ${P}/issues/{iid}`]: { body: CHANGE },
  [`POST ${P}/issues/{iid}/notes`]: { body: { body: "string!" } },
  [`POST ${P}/statuses/{sha}`]: {
    body: {
      state: { enum: ["pending", "running", "success", "failed", "canceled"] },
      name: "string",
      description: { type: "string", maxLength: 255 },
      target_url: "string",
    },
  },
  [`GET ${P}/repository/commits/{sha}/statuses`]: { query: PAGES },
  [`GET ${P}/repository/branches/{branch}`]: {},
  [`GET ${P}/repository/tags/{tag}`]: {},
  [`POST ${P}/repository/branches`]: { body: { branch: "string!", ref: "string!" } },
  [`GET ${P}/repository/files/{file}`]: { query: ["ref"] },
  [`POST ${P}/repository/files/{file}`]: { body: FILE },
  [`PUT ${P}/repository/files/{file}`]: { body: FILE },
});

const notFound: ApiAnswer = { status: 404, body: { message: "404 Project Not Found" } };
/** A user's number, made of the name. */
function userOf(username: string): { id: number; username: string } {
  return { id: Number.parseInt(Buffer.from(username).toString("hex").slice(0, 12), 16), username };
}

const LEVELS = { read: 20, write: 30, admin: 40 } as const;

export const gitlabApi: ForgeApi = {
  prefix: "/api/v4",
  document: new OpenApi(DOCUMENT),
  login: (authorization, { tokens }) => tokens.get(/^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? ""),
  handle(call) {
    const { operation, params, query, login, state } = call;
    if (operation === "GET /user") return { status: 200, body: { id: 1, username: login } };
    if (operation === "GET /users") return { status: 200, body: [userOf(query.get("username") ?? "")] };
    const writes = !operation.startsWith("GET ");
    const found = repositoryOf(state, params.id ?? "", writes, {
      notFound,
      archived: { status: 403, body: { message: "403 Forbidden - project is archived" } },
      moved: (to) => ({
        status: writes ? 405 : 301,
        headers: { location: `${call.origin}/api/v4/projects/${encodeURIComponent(`${to.owner}/${to.name}`)}` },
        body: { message: "Non GET methods are not allowed for moved projects" },
      }),
    });
    return "refusal" in found ? found.refusal : inProject(call, found.repository);
  },
};

function inProject(call: ApiCall, project: RepositoryState): ApiAnswer {
  const { params, query, body } = call;
  const text = (name: string): string => textField(body, name);
  const iid = Number(params.iid ?? 0);
  switch (call.operation) {
    case `GET ${P}`:
      return { status: 200, body: projectBody(call, project) };
    case `GET ${P}/members/all/{user_id}`: {
      const [, permission] =
        [...project.permissions].find(([name]) => String(userOf(name).id) === params.user_id) ?? [];
      return permission === undefined ? notFound : { status: 200, body: { access_level: LEVELS[permission] } };
    }
    case `POST ${P}/pipeline`: {
      if (project.workflows.size === 0) return { status: 400, body: { message: { base: ["Missing CI config file"] } } };
      if (!project.refs.has(`heads/${text("ref")}`))
        return { status: 400, body: { message: { base: ["Reference not found"] } } };
      const variables = body.variables as { key: string; value: string }[];
      const inputs = Object.fromEntries(variables.map(({ key, value }) => [key, value]));
      const run = call.state.dispatch(project, ".gitlab-ci.yml", text("ref"), inputs);
      call.started(project, run);
      return { status: 201, body: pipelineBody(call, project, run) };
    }
    case `GET ${P}/pipelines`: {
      const sha = query.get("sha");
      if (sha !== null) {
        const web_url = `${call.origin}/${project.owner}/${project.name}/-/pipelines`;
        const list = project.pipelines.get(sha) ?? [];
        return { status: 200, body: list.map((one) => ({ ...one, web_url: `${web_url}/${one.id}` })) };
      }
      const since = query.get("created_after") ?? "";
      const runs = project.runs.filter((r) => r.ref === query.get("ref") && r.createdAt >= since);
      return { status: 200, body: runs.map((r) => pipelineBody(call, project, r)) };
    }
    case `GET ${P}/pipelines/{pipeline_id}`:
    case `GET ${P}/pipelines/{pipeline_id}/variables`:
    case `POST ${P}/pipelines/{pipeline_id}/cancel`: {
      const run = project.runs.find(({ id }) => id === Number(params.pipeline_id));
      if (run === undefined) return { status: 404, body: { message: "404 Not found" } };
      if (call.operation.endsWith("/variables"))
        return {
          status: 200,
          body: Object.entries(run.inputs).map(([key, value]) => ({ key, value, variable_type: "env_var" })),
        };
      if (call.operation.endsWith("/cancel") && (run.status === "queued" || run.status === "running"))
        run.status = "cancelled";
      return { status: 200, body: pipelineBody(call, project, run) };
    }
    case `GET ${P}/merge_requests`: {
      const merges = project.pulls.filter(
        (p) =>
          (query.get("state") === "all" || p.state === "open") &&
          (query.get("source_branch") === null || p.head === query.get("source_branch")) &&
          (query.get("target_branch") === null || p.base === query.get("target_branch")),
      );
      return { status: 200, body: merges.map((p) => mergeBody(call, project, p)) };
    }
    case `POST ${P}/merge_requests`: {
      const [head, base] = [text("source_branch"), text("target_branch")];
      const there = project.pulls.find((p) => p.state === "open" && p.head === head && p.base === base);
      if (there !== undefined)
        return {
          status: 409,
          body: { message: [`Another open merge request already exists for this source branch: !${there.number}`] },
        };
      const draft = text("title").startsWith("Draft:");
      const pull = call.state.propose(project, {
        title: text("title"),
        body: text("description"),
        author: call.login,
        head,
        base,
        draft,
      });
      return { status: 201, body: mergeBody(call, project, pull) };
    }
    case `PUT ${P}/merge_requests/{iid}`: {
      const pull = project.pulls.find((p) => p.number === iid);
      if (pull === undefined) return notFound;
      change(pull, body);
      return { status: 200, body: mergeBody(call, project, pull) };
    }
    case `POST ${P}/merge_requests/{iid}/notes`:
    case `POST ${P}/issues/{iid}/notes`: {
      const things = call.operation.includes("merge_requests") ? project.pulls : project.issues;
      const thing = things.find((t) => t.number === iid);
      if (thing === undefined) return notFound;
      thing.comments.push(text("body"));
      return { status: 201, body: { id: call.state.number() } };
    }
    case `GET ${P}/issues`: {
      const issues = project.issues.filter((i) => i.state === "open" && i.author === call.login);
      return { status: 200, body: issues.map((i) => issueBody(call, project, i)) };
    }
    case `POST ${P}/issues`: {
      const issue = call.state.report(project, { title: text("title"), body: text("description"), author: call.login });
      return { status: 201, body: issueBody(call, project, issue) };
    }
    case `PUT ${P}/issues/{iid}`: {
      const issue = project.issues.find((i) => i.number === iid);
      if (issue === undefined) return notFound;
      change(issue, body);
      return { status: 200, body: issueBody(call, project, issue) };
    }
    case `GET ${P}/merge_requests/{iid}`:
    case `GET ${P}/issues/{iid}`: {
      const things: readonly (ForgePull | ForgeIssue)[] = call.operation.includes("merge_requests")
        ? project.pulls
        : project.issues;
      const thing = things.find(({ number }) => number === Number(params.iid));
      return thing === undefined
        ? notFound
        : { status: 200, body: { description: thing.body, author: { username: thing.author } } };
    }
    case `GET ${P}/merge_requests/{iid}/notes/{note_id}`:
    case `GET ${P}/issues/{iid}/notes/{note_id}`: {
      const on = call.operation.includes("merge_requests") ? "pull" : "issue";
      const said = project.said.find(
        (s) => s.id === Number(params.note_id) && s.on === on && s.number === Number(params.iid),
      );
      if (said === undefined) return notFound;
      const { id, author, createdAt: created_at, updatedAt: updated_at, bot } = said;
      return {
        status: 200,
        body: { id, body: said.body, author: { username: author }, system: bot, created_at, updated_at },
      };
    }
    case `POST ${P}/statuses/{sha}`: {
      const list = project.statuses.get(params.sha ?? "") ?? [];
      const status = {
        context: text("name"),
        state: text("state"),
        description: text("description"),
        url: text("target_url"),
      };
      if (list.some((s) => s.context === status.context && s.state === status.state))
        return { status: 400, body: { message: `Cannot transition status via :run from :${status.state}` } };
      project.statuses.set(params.sha ?? "", [status, ...list.filter((s) => s.context !== status.context)]);
      return { status: 201, body: { id: call.state.number() } };
    }
    case `GET ${P}/repository/commits/{sha}/statuses`: {
      const [page, size] = [Number(query.get("page") ?? 1), Number(query.get("per_page") ?? 20)];
      const list = (project.statuses.get(params.sha ?? "") ?? []).slice((page - 1) * size, page * size);
      return {
        status: 200,
        body: list.map(({ context, state, url, mayFail }) => ({
          name: context,
          status: state,
          target_url: url,
          allow_failure: mayFail === true,
        })),
      };
    }
    case `GET ${P}/repository/branches/{branch}`:
    case `GET ${P}/repository/tags/{tag}`: {
      const id = project.refs.get(params.branch === undefined ? `tags/${params.tag ?? ""}` : `heads/${params.branch}`);
      return id === undefined ? notFound : { status: 200, body: { commit: { id } } };
    }
    case `POST ${P}/repository/branches`: {
      project.refs.set(`heads/${text("branch")}`, text("ref"));
      return { status: 201, body: { name: text("branch") } };
    }
    case `GET ${P}/repository/files/{file}`: {
      const content = project.files.get(`${query.get("ref") ?? ""}:${params.file ?? ""}`);
      if (content === undefined) return notFound;
      return { status: 200, body: { blob_id: "f".repeat(40), content: Buffer.from(content).toString("base64") } };
    }
    case `POST ${P}/repository/files/{file}`:
    case `PUT ${P}/repository/files/{file}`: {
      project.files.set(`${text("branch")}:${params.file ?? ""}`, text("content"));
      return { status: 201, body: { file_path: params.file } };
    }
    default:
      return { status: 501, body: { message: `${call.operation} is not played` } };
  }
}

function change(thing: ForgePull | ForgeIssue, body: Record<string, unknown>): void {
  if (typeof body.title === "string") thing.title = body.title;
  if (typeof body.description === "string") thing.body = body.description;
  if (body.state_event === "close") thing.state = "closed";
}

function projectBody({ origin, login }: ApiCall, project: RepositoryState): object {
  const { id, ownerId, owner, name, defaultBranch, archived, parent, permissions } = project;
  const facts = (path: string) => ({
    path_with_namespace: path,
    web_url: `${origin}/${path}`,
    http_url_to_repo: `${origin}/${path}.git`,
    default_branch: defaultBranch,
  });
  return {
    id,
    ...facts(`${owner}/${name}`),
    archived,
    namespace: { id: ownerId },
    permissions: { project_access: { access_level: LEVELS[permissions.get(login) ?? "admin"] }, group_access: null },
    ...(parent === undefined ? {} : { forked_from_project: facts(`${parent.owner}/${parent.name}`) }),
  };
}

function pipelineBody({ origin }: ApiCall, { owner, name }: RepositoryState, run: ForgeRun): object {
  const words = {
    queued: "pending",
    running: "running",
    succeeded: "success",
    failed: "failed",
    cancelled: "canceled",
  };
  return {
    id: run.id,
    status: words[run.status],
    web_url: `${origin}/${owner}/${name}/-/pipelines/${run.id}`,
    created_at: run.createdAt,
    ref: run.ref,
    source: "api",
  };
}

function mergeBody({ origin }: ApiCall, { owner, name, id, refs }: RepositoryState, pull: ForgePull): object {
  return {
    iid: pull.number,
    web_url: `${origin}/${owner}/${name}/-/merge_requests/${pull.number}`,
    state: pull.state === "open" ? "opened" : pull.state,
    draft: pull.draft,
    title: pull.title,
    description: pull.body,
    author: { username: pull.author },
    source_branch: pull.head,
    target_branch: pull.base,
    source_project_id: id,
    target_project_id: id,
    sha: refs.get(`heads/${pull.head}`) ?? null,
  };
}

function issueBody({ origin }: ApiCall, { owner, name }: RepositoryState, issue: ForgeIssue): object {
  const { number, title, body, author } = issue;
  const state = issue.state === "open" ? "opened" : "closed";
  return {
    iid: number,
    web_url: `${origin}/${owner}/${name}/-/issues/${number}`,
    state,
    title,
    description: body,
    author: { username: author },
  };
}
