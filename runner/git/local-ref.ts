/**
 * Names of branches, tags and commits of a local repository, resolved without ever being taken for
 * an option, and for an expression only where that is asked for.
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

export interface NameRules {
  /** "branch": a branch before a tag of the same name; "any": as git itself, the tag first. */
  kind: keyof typeof PLACES;
  /** Whatever git takes for one commit may stand for it (`main~1`, `HEAD`, `v2^{/fix}`), not only names. */
  expressions: boolean;
}

export async function resolveName(
  gitDir: string,
  name: string,
  { kind, expressions }: NameRules,
): Promise<EngineResult<{ found: ResolvedName }>> {
  const isName = isRefName(name);
  if (!isName && (!expressions || !isOneLine(name)))
    return failure("bad_ref_name", `'${printable(name)}' is not a name that git accepts for a branch or tag.`, [name]);
  const reader = new ObjectReader({ gitDir });
  try {
    for (const place of isName ? PLACES[kind] : [""]) {
      // What follows a text that is searched for would be part of it: hence by the id of what was found.
      const self = await reader.info(`${place}${name}`);
      const commit = self === undefined ? undefined : await reader.info(`${self.oid}^{commit}`);
      if (self === undefined || commit === undefined) continue;
      return { ok: true, found: { name, oid: commit.oid, ...(self.type === "tag" ? { tagOid: self.oid } : {}) } };
    }
  } finally {
    await reader.close();
  }
  if (!isName && (name.includes("..") || name.startsWith("^")))
    return failure("bad_ref_name", `'${printable(name)}' is a range of commits, and one commit is needed.`, [name]);
  const what = kind === "branch" ? "branch" : "branch, tag or commit";
  const hint = Oid.safeParse(name).success ? "Fetch it first." : "Check its spelling, or fetch it first.";
  return failure("ref_missing", `There is no ${what} '${printable(name)}' in ${gitDir}. ${hint}`, [name]);
}

/** It goes to git as a line of its own: there it is no option, and must be no second line. */
function isOneLine(expression: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  return expression !== "" && !expression.startsWith("-") && !/[\u0000-\u001f\u007f]/.test(expression);
}

function printable(name: string): string {
  return JSON.stringify(name).slice(1, -1).slice(0, 100);
}
