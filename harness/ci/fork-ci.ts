/**
 * The CI of a fork on a forge: whatever the forge's API starts is run, from the file that stands in the fork,
 * with the tokens that such a forge gives its jobs.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { JWTPayload } from "jose";
import type { ForgeKind } from "../forge-server/forge-api.ts";
import type { ForgeServer } from "../forge-server/server.ts";
import type { ForgeRun, RepositoryState } from "../forge-server/state.ts";
import type { Scope } from "../git-server/access.ts";
import type { IssuerServer } from "../oidc-issuer/server.ts";
import { runPipeline } from "./gitlab-pipeline.ts";
import { type JobEnd, runWorkflow, type TokenScope, type WorkflowRun } from "./workflow.ts";

/** Where each forge looks for what it runs. */
export const WORKFLOW_FILE: Readonly<Record<ForgeKind, string>> = {
  github: ".github/workflows/patch-moi.yml",
  forgejo: ".forgejo/workflows/patch-moi.yml",
  gitlab: ".gitlab-ci.yml",
};

/** The project's variable in GitLab that only its environment `patch-moi` has. */
const PUSH_TOKEN = `may-write-${randomUUID()}`;

export type ForkCiOptions = {
  server: ForgeServer;
  issuer: IssuerServer;
  folder: string;
  /** The `node_modules` that jobs find. */
  packages: string;
  vars?: Record<string, string>;
  secrets?: Record<string, string>;
  /** Whether the forge gives ID tokens at all. */
  idTokens?: boolean;
  /** Changes of the claims that a job would have, for a job that is not the right one. */
  claims?: JWTPayload;
  actions?: WorkflowRun["actions"];
  /** Told of every token that a job gets. */
  onToken?: (token: string, scope: TokenScope) => void;
};

export type ForkCi = {
  /** How the jobs of each run ended, by the run's name. */
  readonly ends: ReadonlyMap<string, Record<string, JobEnd>>;
  /** What a token may that a job was given: for the Git server. */
  scopeOf(token: string): Scope;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
  /** Changes what later runs get. */
  options: ForkCiOptions;
};

export function startForkCi(options: ForkCiOptions): ForkCi {
  const ends = new Map<string, Record<string, JobEnd>>();
  const scopes = new Map<string, TokenScope>([[PUSH_TOKEN, "write"]]);
  options.onToken?.(PUSH_TOKEN, "write");
  const running = new Set<Promise<void>>();
  const ci: ForkCi = {
    ends,
    options,
    scopeOf: (token) => scopes.get(token) ?? "none",
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
  const token = (scope: TokenScope): string => {
    const made = `job-token-${randomUUID()}`;
    scopes.set(made, scope);
    ci.options.onToken?.(made, scope);
    return made;
  };
  options.server.onRun = (repository, run) => {
    run.status = "running";
    const work = perform(ci.options, repository, run, token).then(
      (jobs) => {
        ends.set(run.name, jobs);
        if (run.status === "cancelled") return;
        run.status = Object.values(jobs).some(({ result }) => result === "failure") ? "failed" : "succeeded";
      },
      (error: unknown) => {
        run.status = "failed";
        options.server.problems.push(`the run '${run.name}': ${String(error)}`);
      },
    );
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  return ci;
}

async function perform(
  options: ForkCiOptions,
  repository: RepositoryState,
  run: ForgeRun,
  token: (scope: TokenScope) => string,
): Promise<Record<string, JobEnd>> {
  const { server, issuer, packages, vars = {}, secrets = {}, idTokens = true, actions } = options;
  const text = repository.files.get(`${run.ref}:${WORKFLOW_FILE[server.kind]}`);
  if (text === undefined) throw new Error(`there is no ${WORKFLOW_FILE[server.kind]} on ${run.ref}`);
  const folder = join(options.folder, `run-${run.id}`);
  const claims = { ...claimsOf(server, repository, run), ...options.claims };
  if (server.kind === "gitlab")
    return runPipeline({
      text,
      folder,
      id: String(run.id),
      variables: run.inputs,
      packages,
      idToken: (aud) => issuer.issuer.token({ ...claims, aud }),
      token,
      environments: { "patch-moi": { PATCH_MOI_GIT_TOKEN: PUSH_TOKEN } },
    });
  return runWorkflow({
    forge: server.kind,
    text,
    folder,
    runId: String(run.id),
    inputs: run.inputs,
    vars,
    secrets,
    packages,
    idTokenEnvironment: () => (idTokens ? issuer.jobEnvironment(claims) : {}),
    token,
    ...(actions === undefined ? {} : { actions }),
  });
}

/** What each forge writes into the ID tokens of such a run. */
function claimsOf({ kind, origin }: ForgeServer, repository: RepositoryState, run: ForgeRun): JWTPayload {
  const { owner, name, id, ownerId } = repository;
  const file = `${owner}/${name}/${kind === "gitlab" ? "/" : ""}${WORKFLOW_FILE[kind]}@refs/heads/${run.ref}`;
  if (kind === "gitlab")
    return {
      project_id: String(id),
      namespace_id: String(ownerId),
      ci_config_ref_uri: `${new URL(origin).host}/${file}`,
      pipeline_source: "api",
      runner_environment: "gitlab-hosted",
      job_id: String(run.id),
    };
  return {
    repository_id: String(id),
    repository_owner_id: String(ownerId),
    workflow_ref: file,
    event_name: "workflow_dispatch",
    run_id: String(run.id),
    ...(kind === "github" ? { runner_environment: "github-hosted" } : {}),
  };
}
