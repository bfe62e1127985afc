/**
 * What a forge knows: repositories with their workflows, runs, proposals, issues and statuses.
 *
 * @module
 */

export type ForgeRun = {
  id: number;
  workflow: string;
  ref: string;
  /** What the workflow's `run-name` makes of the inputs: `patch.moi <attemptId>.<epoch>`. */
  name: string;
  inputs: Record<string, string>;
  status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  createdAt: string;
};

export type ForgePull = {
  number: number;
  title: string;
  body: string;
  author: string;
  head: string;
  base: string;
  draft: boolean;
  state: "open" | "closed" | "merged";
  comments: string[];
};

export type ForgeIssue = {
  number: number;
  title: string;
  body: string;
  author: string;
  state: "open" | "closed";
  comments: string[];
};

/** A comment that somebody else wrote; ours are kept with what they stand on. */
export type ForgeComment = {
  id: number;
  on: "pull" | "issue";
  number: number;
  author: string;
  bot: boolean;
  body: string;
  createdAt: string;
  updatedAt: string;
};

export type ForgeStatus = { context: string; state: string; description: string; url?: string; mayFail?: boolean };

/** GitHub's: a job, or whatever an app checks. */
export type ForgeCheckRun = { name: string; status: string; conclusion: string | null; url?: string };
export type ForgeCheckSuite = { app: string; status: string; conclusion: string | null; runs: number };
/** GitLab's pipelines of a commit. */
export type ForgePipeline = { id: number; ref: string; status: string; source: string };

export type RepositoryState = {
  id: number;
  ownerId: number;
  owner: string;
  name: string;
  defaultBranch: string;
  archived: boolean;
  parent?: { owner: string; name: string };
  /** Full name it answers to now, after a rename or transfer. */
  movedTo?: string;
  workflows: Map<string, "active" | "disabled">;
  runs: ForgeRun[];
  pulls: ForgePull[];
  issues: ForgeIssue[];
  statuses: Map<string, ForgeStatus[]>;
  said: ForgeComment[];
  checkRuns: Map<string, ForgeCheckRun[]>;
  checkSuites: Map<string, ForgeCheckSuite[]>;
  pipelines: Map<string, ForgePipeline[]>;
  /** `heads/x` and `tags/x`. */
  refs: Map<string, string>;
  /** `branch:path` to text. */
  files: Map<string, string>;
  permissions: Map<string, "read" | "write" | "admin">;
};

/** The run's name: the workflow that setup writes says `run-name: patch.moi ${{ inputs.attemptId }}.${{ inputs.epoch }}`. */
export function runName(inputs: Readonly<Record<string, string>>): string {
  return inputs.PATCH_MOI_DISPATCH ?? `patch.moi ${inputs.attemptId ?? ""}.${inputs.epoch ?? ""}`;
}

export class ForgeState {
  readonly repositories = new Map<string, RepositoryState>();
  #last = 100;

  /** Everything a forge numbers counts on from here. */
  number(): number {
    return ++this.#last;
  }

  add(owner: string, name: string, more: Partial<RepositoryState> = {}): RepositoryState {
    const repository: RepositoryState = {
      id: this.number(),
      ownerId: this.number(),
      owner,
      name,
      defaultBranch: "main",
      archived: false,
      workflows: new Map([["patch-moi.yml", "active"]]),
      runs: [],
      pulls: [],
      issues: [],
      statuses: new Map(),
      said: [],
      checkRuns: new Map(),
      checkSuites: new Map(),
      pipelines: new Map(),
      refs: new Map([["heads/main", "1".repeat(40)]]),
      files: new Map(),
      permissions: new Map(),
      ...more,
    };
    this.repositories.set(`${owner}/${name}`, repository);
    return repository;
  }

  dispatch(repository: RepositoryState, workflow: string, ref: string, inputs: Record<string, string>): ForgeRun {
    const run: ForgeRun = {
      id: this.number(),
      workflow,
      ref,
      name: runName(inputs),
      inputs,
      status: "queued",
      createdAt: new Date().toISOString(),
    };
    repository.runs.unshift(run);
    return run;
  }

  propose(repository: RepositoryState, pull: Omit<ForgePull, "number" | "state" | "comments">): ForgePull {
    const made: ForgePull = { ...pull, number: this.number(), state: "open", comments: [] };
    repository.pulls.unshift(made);
    return made;
  }

  say(
    repository: RepositoryState,
    comment: Pick<ForgeComment, "on" | "number" | "author" | "body"> & Partial<ForgeComment>,
  ): ForgeComment {
    const at = new Date().toISOString();
    const made: ForgeComment = { id: this.number(), bot: false, createdAt: at, updatedAt: at, ...comment };
    repository.said.push(made);
    return made;
  }

  report(repository: RepositoryState, issue: Omit<ForgeIssue, "number" | "state" | "comments">): ForgeIssue {
    const made: ForgeIssue = { ...issue, number: this.number(), state: "open", comments: [] };
    repository.issues.unshift(made);
    return made;
  }
}
