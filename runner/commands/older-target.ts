/**
 * A target of an older `sources` file, under all names that its fields ever had. Pure.
 *
 * @module
 */
import { type FeedTarget, Provider } from "../../worker/contract/feed-source.ts";
import { RepositoryUrl } from "../../worker/contract/primitives.ts";
import { PROVIDERS } from "../../worker/providers/index.ts";
import { isRecord, type OlderReading, unreadable } from "./older-reading.ts";

const MODES = ["notify_only", "fork_sync", "workspace_flow", "flow_dispatch", "maintain"] as const;

/** Several names for one thing; the first is the one that is used here. */
const NAMES = {
  backendUrl: ["backendUrl", "workspaceBackendUrl", "workspaceUrl", "baseUrl", "dispatchUrl", "url"],
  /** Names of variables: what they hold is known to the deployment alone. */
  backendUrlIn: ["workspaceUrlEnv", "dispatchUrlEnv", "backendUrlEnv"],
  secretIn: ["workspaceSecretEnv", "dispatchSecretEnv", "secretEnv"],
  stack: ["stack", "stackId"],
  branch: ["branch", "patchBranch"],
  upstream: ["upstreamUrl", "upstreamRepoUrl"],
  fork: ["forkUrl", "forkRepoUrl"],
  forkName: ["repoFullName", "forkFullName"],
  flow: ["flow", "flowName"],
} as const;

const PLAIN = ["mode", "provider", "stacks", "fork", "upstream", "eventType", "payload"];
const KNOWN = [...PLAIN, ...Object.values(NAMES).flat()];

/** What the source itself says: an older target names a fork by its name alone. */
type Source = { provider: string; repo: unknown; url: string | undefined };

export function readOlderTarget(given: unknown, reading: OlderReading, source: Source): FeedTarget | undefined {
  if (given === undefined || given === null) return { mode: "notify_only" };
  if (!isRecord(given)) return unreadable(reading, ["target"], "must be an object with a mode");
  const mode = MODES.find((one) => one === given.mode);
  if (mode === undefined)
    return unreadable(reading, ["target", "mode"], `${said(given.mode)}; known are ${MODES.join(", ")}`);
  const fields = reading.known(given, ["target"], KNOWN);
  const stacks = readStacks(fields, reading);
  if (mode === "notify_only") {
    for (const name of Object.keys(fields).filter((one) => one !== "mode"))
      reading.note(`left out, says nothing with notify_only: target.${name}`);
    return { mode };
  }
  if (mode === "maintain" || stacks.length > 1) {
    if (stacks.length === 0) return unreadable(reading, ["target", "stacks"], "is missing: maintain names its stacks");
    if (mode !== "maintain") reading.note(`${mode} that names several stacks is taken as maintain`);
    return { mode: "maintain", stacks };
  }
  const own = readOwn(fields, stacks[0], reading, source);
  if (mode === "fork_sync") {
    const { fork, branch } = own;
    if (fork === undefined) return unreadable(reading, ["target"], NO_FORK);
    if (branch === undefined) return unreadable(reading, ["target"], "names no branch of the fork; say target.branch");
    return { mode, ...own, fork, branch };
  }
  return { mode, ...own, ...readWorkspace(fields, reading) };
}

const NO_FORK = "does not say where the fork is; say target.forkUrl, or target.repoFullName with target.provider";

type Own = { stack?: string; upstream?: { url: string }; fork?: { url: string }; branch?: string };

function readOwn(
  fields: Record<string, unknown>,
  stack: string | undefined,
  reading: OlderReading,
  source: Source,
): Own {
  const fork = readFork(fields, reading, source);
  const branch = reading.either(fields, ["target"], NAMES.branch) ?? branchOf(fields.fork);
  const upstream = repositoryUrl(
    reading,
    "upstreamUrl",
    reading.either(fields, ["target"], NAMES.upstream) ?? urlOf(fields.upstream),
  );
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(upstream === undefined ? {} : { upstream: { url: upstream } }),
    ...(fork === undefined ? {} : { fork: { url: fork } }),
    ...(branch === undefined ? {} : { branch }),
  };
}

function readFork(fields: Record<string, unknown>, reading: OlderReading, source: Source): string | undefined {
  const url = reading.either(fields, ["target"], NAMES.fork) ?? urlOf(fields.fork);
  if (url?.includes("://") === true) return repositoryUrl(reading, "forkUrl", url);
  const name = url ?? reading.either(fields, ["target"], NAMES.forkName) ?? fullNameOf(fields.fork);
  if (name === undefined) return undefined;
  const provider = typeof fields.provider === "string" ? fields.provider : source.provider;
  const host = homeOf(provider) ?? (provider === source.provider ? hostOf(source) : undefined);
  if (host === undefined)
    return unreadable(
      reading,
      ["target"],
      `'${name}' is a repository of ${provider}, but on which host? Say target.forkUrl`,
    );
  const found = `${host}/${name.replace(/^\/+|\/+$/g, "").replace(/\.git$/, "")}.git`;
  reading.note(`the fork '${name}' of ${provider} is ${found}`);
  return repositoryUrl(reading, "forkUrl", found);
}

/** Where a provider's repositories are, when it has only one place. */
function homeOf(provider: string): string | undefined {
  const known = Provider.safeParse(provider);
  return known.success ? PROVIDERS[known.data].home : undefined;
}

function readWorkspace(fields: Record<string, unknown>, reading: OlderReading) {
  const backendUrl = reading.either(fields, ["target"], NAMES.backendUrl);
  for (const name of NAMES.backendUrlIn)
    if (fields[name] !== undefined && backendUrl === undefined)
      reading.note(`target.${name} ${JSON.stringify(fields[name])} is the deployment's own workspace backend here`);
  for (const name of NAMES.secretIn)
    if (fields[name] !== undefined)
      reading.note(
        `target.${name} ${JSON.stringify(fields[name])} is the secret that the deployment has for the backend`,
      );
  const eventType = reading.either(fields, ["target"], ["eventType"]);
  const flow = reading.either(fields, ["target"], NAMES.flow);
  // A flow is chosen by the event's type and payload; an older name of it goes along for its triggers.
  if (flow !== undefined) reading.note(`target.flow '${flow}' goes with the events as payload.flow`);
  const payload = { ...(flow === undefined ? {} : { flow }), ...(isRecord(fields.payload) ? fields.payload : {}) };
  if (fields.payload !== undefined && !isRecord(fields.payload))
    reading.refuse(["target", "payload"], "must be an object");
  return {
    ...(backendUrl === undefined ? {} : { backendUrl }),
    ...(eventType === undefined ? {} : { eventType }),
    ...(Object.keys(payload).length === 0 ? {} : { payload }),
  };
}

function readStacks(fields: Record<string, unknown>, reading: OlderReading): string[] {
  const one = reading.either(fields, ["target"], NAMES.stack);
  const list = fields.stacks ?? [];
  if (!Array.isArray(list)) {
    reading.refuse(["target", "stacks"], "must be a list of names");
    return [];
  }
  const names = [...(one === undefined ? [] : [one]), ...(list as unknown[])];
  return [...new Set(names.flatMap((name) => reading.name(name, ["target", "stacks"]) ?? []))];
}

function repositoryUrl(reading: OlderReading, field: string, url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const parsed = RepositoryUrl.safeParse(url);
  return parsed.success
    ? url
    : unreadable(reading, ["target", field], parsed.error.issues[0]?.message ?? "is no address");
}

function urlOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!isRecord(value)) return undefined;
  return [value.url, value.cloneUrl, value.webUrl].find((one): one is string => typeof one === "string");
}

function fullNameOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  if (typeof value.fullName === "string") return value.fullName;
  const { owner, name } = value;
  return typeof owner === "string" && typeof name === "string" ? `${owner}/${name}` : undefined;
}

function branchOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  return [value.branch, value.defaultBranch].find((one): one is string => typeof one === "string");
}

function hostOf({ repo, url }: Source): string | undefined {
  const web = isRecord(repo) ? urlOf(repo) : undefined;
  const address = web ?? url;
  return address !== undefined && URL.canParse(address) ? new URL(address).origin : undefined;
}

function said(mode: unknown): string {
  return mode === undefined ? "is missing" : `unknown mode ${JSON.stringify(mode)}`;
}
