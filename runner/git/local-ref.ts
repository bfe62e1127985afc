/**
 * Names of branches, tags and commits of a local repository, resolved without ever being taken for
 * an option or a revision expression.
 *
 * @module
 */
import { isRefName, Oid } from "../../worker/contract/primitives.ts";
import { type EngineResult, failure } from "./failure.ts";
import { ObjectReader } from "./object-reader.ts";

export interface ResolvedName {
  name: string;
  /** The commit. */
  oid: string;
  /** The annotated tag, where the name is one's. */
  tagOid?: string;
}

/** Where a name is looked for, in this order. */
const PLACES = {
  branch: ["refs/heads/", "refs/remotes/", ""],
  any: ["refs/tags/", "refs/heads/", "refs/remotes/", ""],
} as const;

/** `kind` "branch": a branch before a tag of the same name; "any": as git itself, the tag first. */
export async function resolveName(
  gitDir: string,
  name: string,
  kind: keyof typeof PLACES,
): Promise<EngineResult<{ found: ResolvedName }>> {
  if (!isRefName(name))
    return failure("bad_ref_name", `'${printable(name)}' is not a name that git accepts for a branch or tag.`, [name]);
  const reader = new ObjectReader({ gitDir });
  try {
    for (const place of PLACES[kind]) {
      const ref = `${place}${name}`;
      const commit = await reader.info(`${ref}^{commit}`);
      if (commit === undefined) continue;
      const self = await reader.info(ref);
      return { ok: true, found: { name, oid: commit.oid, ...(self?.type === "tag" ? { tagOid: self.oid } : {}) } };
    }
  } finally {
    await reader.close();
  }
  const what = kind === "branch" ? "branch" : "branch, tag or commit";
  const hint = Oid.safeParse(name).success ? "Fetch it first." : "Check its spelling, or fetch it first.";
  return failure("ref_missing", `There is no ${what} '${name}' in ${gitDir}. ${hint}`, [name]);
}

function printable(name: string): string {
  return JSON.stringify(name).slice(1, -1).slice(0, 100);
}
