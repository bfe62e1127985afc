/**
 * What is needed of a forge, whichever it is. One folder per forge implements it, part by part.
 *
 * @module
 */
import type { ForgeKind } from "../contract/forge.ts";
import type { Result } from "../platform/result.ts";

export type ForgeFailure = {
  code: /** The stack does not say which forge this is. */
    | "unknown_forge"
    /** No credential that fits, or one that cannot be opened. */
    | "no_credential"
    /** 401: the forge does not take the credential. */
    | "unauthorized"
    /** 403: taken, and not enough. */
    | "forbidden"
    /** 404: not there, or not for this credential. */
    | "not_found"
    | "archived"
    /** Under another name now. */
    | "moved"
    /** 409, 412, 422: not like this, not now. */
    | "refused"
    | "rate_limited"
    /** 5xx, no answer, or none in time: whether it was done is not known. */
    | "unavailable"
    /** Answered with something that is not its API. */
    | "unexpected_answer";
  message: string;
  status?: number;
  /** When the forge will listen again, ISO 8601: of rate limits, and of outages that say so. */
  until?: string;
};

export type Forged<T> = Promise<Result<T, ForgeFailure>>;

/** Whether time alone may help. */
export function passes(failure: ForgeFailure): boolean {
  return failure.code === "rate_limited" || failure.code === "unavailable";
}

export type RepositoryFacts = {
  /** As the forge counts them: stays when the repository is renamed or transferred. */
  id: string;
  ownerId: string;
  /** `owner/name` as it is called now. */
  fullName: string;
  defaultBranch: string;
  archived: boolean;
  /** Whether the credential may push; nobody says it to who asks without one. */
  mayWrite: boolean;
  /** The repository that it was forked from. */
  parent?: { cloneUrl: string; defaultBranch: string };
};

/** A run of a workflow, or a pipeline. */
export type Run = {
  id: string;
  url: string;
  /** As the workflow's `run-name` makes it; pipelines have the value of `PATCH_MOI_DISPATCH` here. */
  name: string;
  status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  createdAt: string;
};

export type DispatchRequest = {
  /** File name of the workflow (`patch-moi.yml`); pipelines have none. */
  workflow: string;
  /** Branch whose workflow runs. */
  ref: string;
  inputs: Readonly<Record<string, string>>;
};

/** A pull request, or a merge request. */
export type Pull = {
  number: number;
  url: string;
  state: "open" | "closed" | "merged";
  draft: boolean;
  title: string;
  body: string;
  author: string;
  /** Branch and commit of the proposal, and whether it lives in this same repository. */
  head: { branch: string; oid: string; here: boolean };
  base: string;
};

export type PullRequest = { title: string; body: string; head: string; base: string; draft: boolean };

export type Issue = {
  number: number;
  url: string;
  state: "open" | "closed";
  title: string;
  body: string;
  author: string;
};

/** Where a comment stands, as a webhook names it. */
export type CommentPlace = { on: "pull" | "issue"; number: number; id: number };

export type Comment = {
  author: string;
  /** Written by a program: the forge says so, or the name is one that it gives to its tokens. */
  bot: boolean;
  body: string;
  createdAt: string;
  /** Changed since it was written. */
  edited: boolean;
};

/** A status or check on a commit. */
export type CommitCheck = { name: string; state: "pending" | "succeeded" | "failed"; url?: string };

export type CommitStatus = {
  state: "pending" | "success" | "failure" | "error";
  context: string;
  description: string;
  url?: string | undefined;
};

export type Permission = "none" | "read" | "write" | "admin";

export interface Repository {
  /** Login that this credential writes as. */
  self(): Forged<string>;
  repository(): Forged<RepositoryFacts>;
  /** What a person may in the repository. */
  permission(user: string): Forged<Permission>;
}

/** The run of that name that was created at or after `since` (ISO 8601). */
export type RunQuery = { workflow: string; ref: string; name: string; since: string };

export interface Runs {
  /** Starts a run; its id when the forge tells. */
  dispatch(request: DispatchRequest): Forged<{ run?: Run }>;
  /** The newest that fits. */
  findRun(query: RunQuery): Forged<Run | undefined>;
  run(id: string): Forged<Run>;
  cancelRun(id: string): Forged<void>;
}

export interface Pulls {
  /** Open proposals into a branch, newest first, three hundred at most. */
  openPulls(base: string): Forged<Pull[]>;
  /** Proposals of a branch of this repository, in any state, newest first. */
  pullsOf(head: string): Forged<Pull[]>;
  createPull(pull: PullRequest): Forged<Pull>;
  updatePull(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Pull>;
  commentOnPull(number: number, body: string): Forged<void>;
}

export interface Issues {
  /** Open issues that this credential's login wrote, newest first. */
  ownIssues(): Forged<Issue[]>;
  createIssue(issue: { title: string; body: string }): Forged<Issue>;
  updateIssue(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Issue>;
  commentOnIssue(number: number, body: string): Forged<void>;
}

export interface Comments {
  /** Undefined when there is none there (any more). */
  comment(place: CommentPlace): Forged<Comment | undefined>;
  /** Text and author of the proposal or issue that is commented on. */
  opening(place: CommentPlace): Forged<Pick<Issue, "author" | "body"> | undefined>;
}

export interface Checks {
  setStatus(oid: string, status: CommitStatus): Forged<void>;
  /** Everything that checks a commit: statuses, check runs, pipelines. All of it, or a failure. */
  checks(oid: string): Forged<CommitCheck[]>;
}

export interface Branches {
  /** Commit that a branch or tag stands on; undefined when there is none. `name` as `heads/x` or `tags/x`. */
  refOid(name: string): Forged<string | undefined>;
  createBranch(name: string, oid: string): Forged<void>;
  /** A file's text on a branch; undefined when there is none. */
  readFile(path: string, ref: string): Forged<{ text: string; oid: string } | undefined>;
  /** Writes one file as a commit on a branch; `oid` is that of the file it replaces. */
  writeFile(file: { path: string; text: string; branch: string; message: string; oid?: string }): Forged<void>;
}

export interface Forge extends Repository, Runs, Pulls, Issues, Comments, Checks, Branches {
  readonly kind: ForgeKind;
  /** Most characters of a pull request's or issue's body, and of a comment. */
  readonly bodyLimit: number;
  /** Repository on the forge as people see it. */
  readonly webUrl: string;
}
