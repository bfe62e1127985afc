/**
 * Contents that a partial mirror left with upstream, brought when they are needed: many in one request.
 *
 * @module
 */
import { GitError } from "../git/git-error.ts";
import { gitText } from "../git/process.ts";
import { fetchPromised, filesAt, type PromisorAccess } from "../git/promised.ts";
import type { QuarantineOptions } from "../git/quarantine.ts";
import { isCheckedOut } from "./checkout.ts";
import { FETCH_CHECKS } from "./fetch-checks.ts";
import { type JobStop, stopOfGit } from "./job-stop.ts";
import type { Mirror } from "./mirror.ts";
import { hasSmallHistory, isPartial, makeWhole } from "./partial-mirror.ts";
import { FETCH_TIMEOUT_MS } from "./remote.ts";

/**
 * The addresses, transports and credentials of both, each credential bound to its own host. A pack from
 * the fork may build on contents that upstream has.
 */
export function accessToBoth({ fork, upstream }: Pick<Mirror, "fork" | "upstream">): PromisorAccess {
  return {
    config: {
      ...FETCH_CHECKS,
      ...fork.options.config,
      ...upstream.options.config,
      "remote.fork.url": fork.url,
      "remote.upstream.url": upstream.url,
    },
    env: { ...fork.options.env, ...upstream.options.env },
    protocols: [...new Set([...(fork.options.protocols ?? []), ...(upstream.options.protocols ?? [])])],
    fetchesMissing: true,
  };
}

/** How a replay gets contents; those that it asks for together stay in the mirror. */
export async function promisedBy(mirror: Mirror): Promise<QuarantineOptions["promised"]> {
  if (!(await isPartial(mirror.gitDir))) return undefined;
  const { url, options } = mirror.upstream;
  const config = { ...FETCH_CHECKS, ...options.config };
  return { name: "upstream", url, access: { ...options, config }, objects: "keep" };
}

type Partial = Pick<Mirror, "gitDir" | "signal" | "upstream">;

/**
 * Brings the contents that these revisions reach and the mirror lacks, in one request: before a
 * checkout or a push, which have no access to upstream.
 *
 * @param revisions as rev-list takes them; trees give their files, and what is not there gives nothing
 * @throws {GitError} when upstream does not give them
 */
export async function bringContents(mirror: Partial, revisions: readonly string[]): Promise<void> {
  if (revisions.length === 0 || !(await isPartial(mirror.gitDir))) return;
  await fetchContents(mirror, await missingContents(mirror, ["--stdin"], `${revisions.join("\n")}\n`));
}

/**
 * Brings what checkouts of these commits will hold, in one request: all their files, or with `sparse` those
 * that such a checkout writes, each with the attributes that hold for it.
 *
 * @throws {GitError} when upstream does not give them
 */
export async function bringCheckouts(
  mirror: Partial,
  commits: readonly string[],
  sparse: readonly string[] = [],
): Promise<void> {
  const trees = commits.map((commit) => `${commit}^{tree}`);
  if (sparse.length === 0) return bringContents(mirror, trees);
  const { gitDir, signal } = mirror;
  if (!(await isPartial(gitDir))) return;
  const wanted = (path: string) => isCheckedOut(path, sparse);
  const [missing, ...files] = await Promise.all([
    missingContents(mirror, ["--stdin"], `${trees.join("\n")}\n`),
    ...trees.map((tree) => filesAt(tree, wanted, { gitDir, signal })),
  ]);
  const needed = new Set(files.flat());
  await fetchContents(
    mirror,
    missing.filter((oid) => needed.has(oid)),
  );
}

/**
 * The stop for an object that a partial mirror lacks and upstream could not be asked for: an outage or a
 * credential of upstream's, wherever in the work it was met.
 *
 * @throws the error, when it is none of these
 */
export async function stopOfMissing(mirror: Partial, error: unknown): Promise<{ ok: false; stop: JobStop }> {
  if (!(error instanceof GitError) || !OF_REMOTES.has(error.code) || !(await isPartial(mirror.gitDir))) throw error;
  return stopOfGit(error, mirror.upstream.what, mirror.upstream.url);
}

const OF_REMOTES: ReadonlySet<string> = new Set(["auth_failed", "remote_not_found", "remote_unreachable"]);

/** More are not fetched one by one: a pack of all takes the server far less time. */
const FEW_CONTENTS = 5_000;

/** Brings all that the mirror lacks and makes it a whole one, when that is little. */
export async function completeIfSmall(mirror: Partial): Promise<void> {
  if (!(await hasSmallHistory(mirror.gitDir))) return;
  const missing = await missingContents(mirror, ["--all"]);
  if (missing.length > FEW_CONTENTS) return;
  await fetchContents(mirror, missing);
  await makeWhole(mirror.gitDir);
}

/** Names what is missing, and fetches none of it. */
async function missingContents({ gitDir, signal }: Partial, which: readonly string[], input = ""): Promise<string[]> {
  const args = ["rev-list", "--objects", "--missing=print", "--ignore-missing", ...which];
  const listed = await gitText(args, { gitDir, signal, input });
  return listed.split("\n").flatMap((line) => /^\?([0-9a-f]{40,64})$/.exec(line)?.[1] ?? []);
}

async function fetchContents({ gitDir, signal, upstream }: Partial, oids: readonly string[]): Promise<void> {
  const config = { ...FETCH_CHECKS, ...upstream.options.config, "remote.upstream.url": upstream.url };
  await fetchPromised("upstream", oids, { ...upstream.options, config, gitDir, signal, timeoutMs: FETCH_TIMEOUT_MS });
}
