/**
 * Everything that can be seen of a fork from its clone and its forge, and what follows from it.
 *
 * @module
 */
import { type ForgeKind, forgeRepository } from "../../worker/contract/forge.ts";
import type { RepositoryFacts } from "../../worker/forges/forge.ts";
import type { Environment } from "../client/settings.ts";
import { count } from "../client/table.ts";
import { installedGit, isNewEnough, OLDEST_GIT } from "../git/version.ts";
import { type Clone, type Patches, repositoryUrl, surveyClone, surveyPatches } from "./fork-survey.ts";
import type { Point } from "./point.ts";
import { findForge, type SetupForge } from "./setup-forge-client.ts";
import { type Fragment, proposeStack, sameRepository, stackIdOf } from "./stack-proposal.ts";
import { WORKFLOW_PATHS } from "./workflow-template.ts";

export type ForkOptions = {
  repo: string;
  origin: string;
  upstream?: string;
  branch?: string;
  id?: string;
  forge?: ForgeKind;
  api?: string;
};

export type ForkLook = {
  clone: Clone;
  points: Point[];
  /** Absent while a stack cannot be proposed. */
  fragment?: Fragment;
  upstream?: string;
  /** Whether the clone lacks a remote for upstream. */
  addRemote: boolean;
};

export async function lookAtFork(options: ForkOptions, env: Environment): Promise<ForkLook> {
  const points: Point[] = [await gitPoint()];
  const clone = await surveyClone(options.repo, options.origin, options.branch);
  const remote = clone.remotes.get(options.origin);
  const fork = remote === undefined ? undefined : repositoryUrl(remote);
  points.push(originPoint(options.origin, remote, fork));
  if (fork === undefined) return { clone, points, addRemote: false };
  const found = await findForge(fork, { kind: options.forge, apiUrl: options.api }, clone.top, env);
  const asked = found.ok ? await found.found.forge.repository() : undefined;
  const facts = asked?.ok === true ? asked.value : undefined;
  const trouble = found.ok ? (asked?.ok === false ? asked.failure.message : undefined) : found.message;
  points.push(forgePoint(found.ok ? found.found : undefined, facts, trouble));
  const upstream = upstreamOf(options, facts, clone);
  points.push(upstreamPoint(upstream, facts, clone));
  points.push(...branchPoints(clone, facts, options.origin));
  if (upstream.url === undefined || clone.branch === undefined) return { clone, points, addRemote: false };
  const surveyed = await surveyPatches(clone, upstream.url);
  points.push(...patchPoints(surveyed.ok ? surveyed.patches : undefined, surveyed.ok ? "" : surveyed.message));
  if (found.ok) points.push(await workflowPoint(found.found, facts), permissionPoint(found.found, facts));
  // Nothing is proposed that rests on a guess.
  if (upstream.contested || !surveyed.ok || surveyed.patches.subjects.length === 0)
    return { clone, points, addRemote: false };
  const name = facts?.fullName.split("/").at(-1) ?? nameOf(fork);
  const upstreamForge = await findForge(upstream.url, asOf(fork, upstream.url, options), clone.top, env);
  const fragment = proposeStack(
    {
      upstream: { url: upstream.url, forge: upstreamForge.ok ? upstreamForge.found.repository : undefined },
      fork: { url: fork, name, forge: found.ok ? found.found.settings : undefined },
      branch: clone.branch,
    },
    options.id ?? stackIdOf(name),
  );
  const addRemote = ![...clone.remotes.values()].some((url) => sameRepository(repositoryUrl(url), upstream.url));
  const taken = addRemote && clone.remotes.has("upstream");
  return { clone, points, fragment, upstream: upstream.url, addRemote: addRemote && !taken };
}

/** What is known of the fork's host, where upstream is on the same. */
function asOf(fork: string, upstream: string, { forge: kind, api: apiUrl }: ForkOptions) {
  const same = URL.canParse(upstream) && new URL(fork).host === new URL(upstream).host;
  return same ? { kind, apiUrl } : {};
}

async function gitPoint(): Promise<Point> {
  const git = await installedGit().catch(() => undefined);
  if (git !== undefined && isNewEnough(git)) return { name: "git", state: "ok", says: git.text };
  const oldest = `${OLDEST_GIT.major}.${OLDEST_GIT.minor}`;
  return { name: "git", state: "problem", says: git?.text ?? "not installed", next: `install git ${oldest} or later` };
}

function originPoint(name: string, remote: string | undefined, fork: string | undefined): Point {
  if (fork !== undefined) return { name: "fork", state: "ok", says: fork };
  return {
    name: "fork",
    state: "problem",
    says: remote === undefined ? `there is no remote '${name}'` : `'${remote}' is no address that a runner can fetch`,
    next: "name the remote that is the fork with --origin; it needs an https, ssh or git address without credentials",
  };
}

function forgePoint(found: SetupForge | undefined, facts: RepositoryFacts | undefined, trouble = ""): Point {
  if (found === undefined)
    return {
      name: "forge",
      state: "unknown",
      says: "what the fork's host runs is not known",
      next: "say it with --forge github, forgejo (Gitea too) or gitlab; on no forge a registered runner does the work",
    };
  const { kind, host } = found.repository;
  if (facts === undefined)
    return {
      name: "forge",
      state: "problem",
      says: trouble,
      next: found.token.known
        ? `the token is from ${found.token.from}: does it see the fork?`
        : "a private fork needs a token: set PATCH_MOI_FORGE_TOKEN",
    };
  if (facts.archived)
    return { name: "forge", state: "problem", says: `${facts.fullName} is archived`, next: "unarchive it" };
  return { name: "forge", state: "ok", says: `${facts.fullName} on ${host} (${kind}), asked with ${sourceOf(found)}` };
}

function sourceOf({ token }: SetupForge): string {
  return token.known ? `the token from ${token.from}` : "no token";
}

type Upstream = {
  url: string | undefined;
  from: string;
  /** The clone has a remote of that name with another address, and nobody has said which is right. */
  contested: boolean;
};

/** What a person says goes before what the forge says, and that before a remote of that name. */
function upstreamOf({ upstream }: ForkOptions, facts: RepositoryFacts | undefined, clone: Clone): Upstream {
  if (upstream !== undefined) return { url: repositoryUrl(upstream), from: "--upstream", contested: false };
  const remote = clone.remotes.get("upstream");
  const known = remote === undefined ? undefined : repositoryUrl(remote);
  const url = facts?.parent?.cloneUrl;
  if (url === undefined) return { url: known, from: "the remote 'upstream'", contested: false };
  return { url, from: "the forge says so", contested: remote !== undefined && !sameRepository(known, url) };
}

function upstreamPoint({ url, from, contested }: Upstream, facts: RepositoryFacts | undefined, clone: Clone): Point {
  const name = "upstream";
  if (url === undefined)
    return {
      name,
      state: "problem",
      says: facts === undefined ? "nobody says where it is" : `the forge knows no parent of ${facts.fullName}`,
      next: "name it with --upstream URL",
    };
  if (contested)
    return {
      name,
      state: "problem",
      says: `${url} (${from}), but the remote 'upstream' is ${clone.remotes.get("upstream")}`,
      next: "which is right? `git remote set-url upstream …`, or come back with --upstream",
    };
  return { name, state: "ok", says: `${url} (${from})` };
}

function branchPoints(
  { branch, head, pushed, dirty }: Clone,
  facts: RepositoryFacts | undefined,
  origin: string,
): Point[] {
  if (branch === undefined)
    return [
      {
        name: "branch",
        state: "problem",
        says: `HEAD is detached at ${head.slice(0, 12)}`,
        next: "switch to the branch that holds the patches, or name it with --branch",
      },
    ];
  const there: Point =
    pushed === head
      ? { name: "branch", state: "ok", says: `'${branch}' is ${head.slice(0, 12)} here and in the fork` }
      : {
          name: "branch",
          state: "todo",
          says:
            pushed === undefined
              ? `'${branch}' is not in the fork, as far as this clone knows`
              : `'${branch}' is ${head.slice(0, 12)} here and ${pushed.slice(0, 12)} in the fork`,
          next: `runners carry what the fork has: git push ${origin} ${branch}`,
        };
  const clean: Point =
    dirty === 0
      ? { name: "work tree", state: "ok", says: "clean" }
      : {
          name: "work tree",
          state: "todo",
          says: count(dirty, "uncommitted file"),
          next: "only commits are carried: commit or stash",
        };
  const mirror: Point[] =
    facts?.defaultBranch === branch && facts.parent?.defaultBranch === branch
      ? [
          {
            name: "branch name",
            state: "ok",
            says: `'${branch}' is upstream's default branch too; it will be rewritten at every landing`,
          },
        ]
      : [];
  return [there, ...mirror, clean];
}

function patchPoints(patches: Patches | undefined, trouble: string): Point[] {
  if (patches === undefined)
    return [{ name: "patches", state: "problem", says: trouble, next: "see that git can fetch upstream from here" }];
  const { base, tag, subjects } = patches;
  const where = tag === undefined ? base.slice(0, 12) : `${tag} (${base.slice(0, 12)})`;
  const stands: Point = { name: "base", state: "ok", says: `stands on ${where}` };
  if (subjects.length === 0)
    return [
      stands,
      {
        name: "patches",
        state: "problem",
        says: "none: the branch is upstream's own",
        next: "name another with --branch",
      },
    ];
  const shown = subjects.slice(0, 3).join("; ");
  const more = subjects.length > 3 ? `; and ${subjects.length - 3} more` : "";
  return [stands, { name: "patches", state: "ok", says: `${count(subjects.length, "commit")}: ${shown}${more}` }];
}

async function workflowPoint({ forge, repository }: SetupForge, facts: RepositoryFacts | undefined): Promise<Point> {
  const name = "workflow";
  const paths = WORKFLOW_PATHS[repository.kind];
  if (facts === undefined) return { name, state: "unknown", says: "the forge did not answer" };
  for (const path of paths) {
    const file = await forge.readFile(path, facts.defaultBranch);
    if (!file.ok) return { name, state: "unknown", says: file.failure.message };
    if (file.value?.text.includes("patch.moi") === true)
      return { name, state: "ok", says: `${path} on '${facts.defaultBranch}'` };
  }
  return {
    name,
    state: "todo",
    says: `no ${paths[0]} on '${facts.defaultBranch}': the fork's own CI does no work yet`,
    next: "declare the stack, then `patch.moi setup forge`; or let a registered runner do the work (`patch.moi runner register`)",
  };
}

function permissionPoint({ token, repository }: SetupForge, facts: RepositoryFacts | undefined): Point {
  const name = "permissions";
  if (!token.known || facts === undefined)
    return {
      name,
      state: "unknown",
      says: `without a token nobody says what you may on ${repository.host}`,
      next: "set PATCH_MOI_FORGE_TOKEN to see",
    };
  if (facts.mayWrite) return { name, state: "ok", says: `the token from ${token.from} may write to ${facts.fullName}` };
  return {
    name,
    state: "problem",
    says: `the token from ${token.from} may not write to ${facts.fullName}`,
    next: "use one that may: the workflow is proposed with it",
  };
}

function nameOf(url: string): string {
  const place = forgeRepository({ url, forge: { kind: "gitlab" } });
  return place.ok ? place.repository.name : (url.split(/[/:]/).at(-1) ?? "fork");
}
