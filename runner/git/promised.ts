/**
 * Contents that a partial clone left with its remote, fetched many at a time.
 *
 * git fetches what it lacks when it meets it, for each file or merge by itself. What a replay will read
 * is mostly known before: it is asked for in one request here, and git's own way is left for the rest.
 *
 * @module
 */
import type { EnvironmentOptions } from "./environment.ts";
import { type GitOptions, gitText, runGit } from "./process.ts";

/** The remote that has what a partial clone lacks. */
export interface Promisor {
  name: string;
  url: string;
}

/** Fetches those of these blobs that are missing; a request for all of them or none. */
export type Bring = (oids: Iterable<string>) => Promise<void>;

/** How the promisor may be asked: the transport and credential for its address and no other. */
export type PromisorAccess = Pick<EnvironmentOptions, "config" | "env" | "protocols" | "fetchesMissing">;

type Git = Pick<GitOptions, "gitDir" | "env" | "config" | "protocols" | "fetchesMissing" | "signal">;

/** What makes git fetch missing objects from the promisor, as configuration of one process. */
export function promisorConfig({ name, url }: Promisor): Record<string, string> {
  return {
    [`remote.${name}.url`]: url,
    [`remote.${name}.promisor`]: "true",
    // Otherwise the first fetch writes it into the repository's configuration.
    [`remote.${name}.partialclonefilter`]: "blob:none",
  };
}

/**
 * @param local reads the repository and fetches nothing
 * @param fetching runs where what is fetched is to be written
 */
export function bringFrom(promisor: Promisor, local: Git, fetching: Git): Bring {
  const known = new Set<string>();
  return async (oids) => {
    const asked = [...new Set(oids)].filter((oid) => !known.has(oid) && !/^0+$/.test(oid));
    if (asked.length === 0) return;
    const input = `${asked.join("\n")}\n`;
    const told = await gitText(["cat-file", "--batch-check=%(objectname)"], { ...local, input });
    const missing = told.split("\n").flatMap((line) => /^([0-9a-f]{40,64}) missing$/.exec(line)?.[1] ?? []);
    await fetchPromised(promisor.name, missing, fetching);
    for (const oid of asked) known.add(oid);
  };
}

/** One request for all of them, as git makes it for one. */
export async function fetchPromised(
  remote: string,
  oids: readonly string[],
  options: Git & Pick<GitOptions, "timeoutMs">,
): Promise<void> {
  if (oids.length === 0) return;
  const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--filter=blob:none", "--stdin"];
  await runGit(["fetch", ...flags, "--end-of-options", remote], {
    ...options,
    // What is here already says nothing about what is missing.
    config: { ...options.config, "fetch.negotiationAlgorithm": "noop" },
    input: `${oids.join("\n")}\n`,
  });
}

/** Oids of the files of a tree whose path is wanted. */
export async function filesAt(tree: string, wanted: (path: string) => boolean, options: Git): Promise<string[]> {
  const listed = await gitText(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree], options);
  return listed.split("\0").flatMap((entry) => {
    const match = /^\d+ blob ([0-9a-f]+)\t([\s\S]*)$/.exec(entry);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    return wanted(match[2]) ? [match[1]] : [];
  });
}
