/**
 * What has to be there before a forge's job can be let in: the forge itself, the server's credential for it, the
 * workflow, and a runner's name where there are no ID tokens.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Credential } from "../../worker/contract/credential.ts";
import { LIST_LIMIT } from "../../worker/contract/primitives.ts";
import type { RepositoryFacts } from "../../worker/forges/forge.ts";
import { requireServer } from "../client/settings.ts";
import type { ForgeBench } from "./forge-bench.ts";
import type { Point } from "./point.ts";
import type { SetupForge } from "./setup-forge-client.ts";
import { propose, SETUP_BRANCH, type Wanted, workflowState } from "./workflow-proposal.ts";
import { workflowFor } from "./workflow-template.ts";

export function forgePoint(
  { repository, token }: SetupForge,
  { fullName, archived, mayWrite }: RepositoryFacts,
): Point {
  const name = "forge";
  const says = `${fullName} on ${repository.host} (${repository.kind})`;
  if (archived) return { name, state: "problem", says: `${says} is archived`, next: "unarchive it" };
  if (token.known && mayWrite) return { name, state: "ok", says };
  return {
    name,
    state: "problem",
    says: token.known ? `${says}: the token from ${token.from} may not write` : `${says}: no token of yours is known`,
    next: "set PATCH_MOI_FORGE_TOKEN to one that may write contents, workflows and pull requests",
  };
}

/** What the server itself starts runs with. */
export async function credentialPoint({ api }: ForgeBench, { repository }: SetupForge): Promise<Point> {
  const answer = z.object({ credentials: z.array(Credential) });
  const query = { limit: LIST_LIMIT.max };
  const { credentials } = (await api.request({ path: ["credentials"], query, answer })).value;
  const { kind, host } = repository;
  const fits = credentials.filter((one) => one.host === host && one.kind.startsWith(`${kind}-`));
  const name = "credential";
  if (fits.length > 0)
    return { name, state: "ok", says: `the server has ${fits.map((one) => `'${one.name}' (${one.kind})`).join(", ")}` };
  return {
    name,
    state: "problem",
    says: `the server has no credential for ${host}, so it cannot start runs there`,
    next: `patch.moi credentials add ${host.replaceAll(/[^a-z0-9.-]+/g, "-")} --kind ${kind === "github" ? "github-app" : `${kind}-token`} --host ${host} --value-file FILE`,
  };
}

export async function workflowPoint(
  { session, given, apply, place: { path, ref } }: ForgeBench,
  { forge, repository }: SetupForge,
): Promise<Point> {
  const name = "workflow";
  const server = requireServer(session.settings);
  const wanted: Wanted = { path, ref, text: workflowFor(repository.kind, server, given.identity) };
  const state = await workflowState(forge, wanted);
  if (state.kind === "current")
    return { name, state: "ok", says: `${path} on '${ref}' is this version's, for ${server.origin}` };
  if (state.kind === "foreign")
    return {
      name,
      state: "problem",
      says: `${path} on '${ref}' is not patch.moi's`,
      next: "start ours from a branch of its own: make one in the fork and name it with --ref",
    };
  const stands =
    state.kind === "absent" ? `there is no ${path} on '${ref}'` : `${path} on '${ref}' is another version's`;
  if (!apply) {
    const open = state.pull?.state === "open" ? `; proposed as ${state.pull.url}` : "";
    const next = open === "" ? "--apply proposes it as a pull request" : "merge it, then check";
    return { name, state: "todo", says: `${stands}${open}`, next };
  }
  const { kind, pull } = await propose(forge, wanted, state.pull);
  if (kind === "closed")
    return {
      name,
      state: "problem",
      says: `${stands}, and ${pull.url} was closed`,
      next: `reopen it, or delete the branch '${SETUP_BRANCH}' for a new one`,
    };
  const done = { opened: "is proposed as", updated: "was brought up to date in", unchanged: "stands in" }[kind];
  return {
    name,
    state: "todo",
    says: `${path} ${done} ${pull.url}`,
    next: "merge it, then come back: the check follows",
  };
}

export async function secretPoint({ api }: ForgeBench): Promise<Point> {
  const answer = z.object({ runners: z.array(z.object({ name: z.string() })) });
  const { runners } = (await api.request({ path: ["runners"], answer })).value;
  const name = "runner";
  const put =
    "put its secret into the fork's secret PATCH_MOI_RUNNER_SECRET and its name into the variable PATCH_MOI_RUNNER_NAME";
  if (runners.length > 0)
    return {
      name,
      state: "ok",
      says: `registered: ${runners.map((runner) => runner.name).join(", ")}; one of them must be the fork's: ${put}`,
    };
  return {
    name,
    state: "problem",
    says: "no runner is registered",
    next: `patch.moi runner register --name fork-ci, then ${put}`,
  };
}
