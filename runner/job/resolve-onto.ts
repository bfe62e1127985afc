/**
 * Which commit the stack is to be carried onto, and where it stood before.
 *
 * @module
 */
import { isRefName, Oid } from "../../worker/contract/primitives.ts";
import type { JobEnvelope } from "../../worker/contract/runner-wire.ts";
import type { ReplayRequest } from "../git/replay-request.ts";
import { type Step, stopped } from "./job-stop.ts";
import { commitOf, type Mirror, objectOf } from "./mirror.ts";

export type Onto = { ref: string; oid: string; tagOid?: string };

export async function resolveOnto(mirror: Mirror, envelope: JobEnvelope): Promise<Step<Onto>> {
  const { ref, sha } = envelope.onto;
  const name = ref.replace(/^refs\/(?:tags|heads)\//, "");
  if (!isRefName(name)) return stopped("failed", "bad_ref_name", `'${name}' is not a name that git accepts for a ref`);
  // A source's target may give its pushes a type of their own: then the commit tells.
  const pushed = envelope.event.type === "upstream.push" || Oid.safeParse(ref).success;
  return pushed || ref.startsWith("refs/heads/") ? ontoBranch(mirror, name, sha) : ontoTag(mirror, name, sha);
}

async function ontoTag(mirror: Mirror, tag: string, sha: string | undefined): Promise<Step<Onto>> {
  const ref = `refs/upstream/tags/${tag}`;
  const tagOid = await objectOf(mirror, ref);
  const oid = await commitOf(mirror, ref);
  if (tagOid === undefined)
    // A feed is sometimes ahead of the repository; blocked is tried again by itself.
    return stopped(
      "blocked",
      "ref_missing",
      `upstream (${mirror.upstream.url}) has no tag '${tag}'; was it withdrawn?`,
    );
  if (oid === undefined)
    return stopped("failed", "ref_missing", `upstream's tag '${tag}' (${tagOid}) does not lead to a commit`);
  if (sha !== undefined && sha !== oid && sha !== tagOid)
    return stopped(
      "needs_intervention",
      "tag_moved",
      `upstream's tag '${tag}' was ${sha} when the event was recorded and is ${oid} now; find out why it moved, then resume or dismiss`,
    );
  return { ok: true, value: { ref: tag, oid, ...(tagOid === oid ? {} : { tagOid }) } };
}

async function ontoBranch(mirror: Mirror, branch: string, sha: string | undefined): Promise<Step<Onto>> {
  const head = await commitOf(mirror, `refs/upstream/heads/${branch}`);
  const named = sha ?? (Oid.safeParse(branch).success ? branch : undefined);
  if (named !== undefined) {
    const oid = await commitOf(mirror, named);
    if (oid !== undefined) return { ok: true, value: { ref: branch, oid } };
    return stopped(
      "failed",
      "ref_missing",
      `upstream (${mirror.upstream.url}) no longer has commit ${named} of '${branch}'; it was probably rewritten, and a newer event follows`,
    );
  }
  if (head !== undefined) return { ok: true, value: { ref: branch, oid: head } };
  return stopped(
    "failed",
    "ref_missing",
    `upstream (${mirror.upstream.url}) has no branch '${branch}'; if it was renamed, correct the source`,
  );
}

/** Head of the maintained branch, from the fork. */
export async function resolveHead(mirror: Mirror, branch: string): Promise<Step<string>> {
  const oid = await commitOf(mirror, `refs/fork/heads/${branch}`);
  if (oid !== undefined) return { ok: true, value: oid };
  return stopped(
    "failed",
    "branch_missing",
    `the fork (${mirror.fork.url}) has no branch '${branch}'; push it, or correct the stack's branch, then retry the event`,
  );
}

/** Where the stack stood on upstream when that was last known; without it merge-base finds out. */
export async function resolveBase(
  mirror: Mirror,
  stack: JobEnvelope["stack"],
): Promise<Pick<ReplayRequest, "base" | "baseIs">> {
  if (stack.recordedBase !== undefined) return { base: stack.recordedBase, baseIs: "recorded" };
  const { base } = stack;
  if (base === undefined) return {};
  if (Oid.safeParse(base).success) return { base, baseIs: "declared" };
  const name = base.replace(/^refs\/(?:tags|heads)\//, "");
  const tag = await commitOf(mirror, `refs/upstream/tags/${name}`);
  const found = tag ?? (await commitOf(mirror, `refs/upstream/heads/${name}`));
  // A branch moves on, so it only ever was the base.
  return { base: found, baseIs: tag === undefined ? "recorded" : "declared" };
}

/** A branch (short or full name) or commit of the fork that a person named. */
export async function resolveInFork(mirror: Mirror, name: string): Promise<string | undefined> {
  if (Oid.safeParse(name).success) return commitOf(mirror, name);
  return commitOf(mirror, `refs/fork/heads/${name.replace(/^refs\/heads\//, "")}`);
}
