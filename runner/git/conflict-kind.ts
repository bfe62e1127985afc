/**
 * Conflicts as git names them: which paths, of which kind.
 *
 * @module
 */
import type { MergeAnswer } from "./merge-answer.ts";

export interface ConflictedPath {
  path: string;
  /** git's stable name, lower case: `contents`, `modify/delete`, `binary`, … */
  kind: string;
  /** Other names the same file has on either side. */
  alsoAs: string[];
}

/** What git says besides the conflict proper; it yields to a kind that tells more. */
const UNSPECIFIC = "contents";

export function conflictedPaths(answer: MergeAnswer): ConflictedPath[] {
  const staged = new Set(answer.files.map((file) => withoutLabel(file.path)));
  const found = new Map<string, ConflictedPath>();
  for (const message of answer.messages) {
    const kind = kindOf(message.type, message.text);
    if (kind === undefined) continue;
    const named = message.paths.map(withoutLabel).filter((path) => !/^[0-9a-f]{40,64}$/.test(path));
    const unmerged = named.filter((path) => staged.has(path));
    for (const path of unmerged.length > 0 ? unmerged : named.slice(0, 1)) {
      const known = found.get(path);
      const alsoAs = [...new Set([...(known?.alsoAs ?? []), ...named])].filter((other) => other !== path);
      const specific = known !== undefined && known.kind !== UNSPECIFIC ? known.kind : kind;
      found.set(path, { path, kind: specific, alsoAs });
    }
  }
  for (const path of staged) if (!found.has(path)) found.set(path, { path, kind: UNSPECIFIC, alsoAs: [] });
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function kindOf(type: string, text: string): string | undefined {
  const kind = /^CONFLICT \((.*)\)$/.exec(type)?.[1]?.toLowerCase();
  // The stable name of both is "contents"; only the sentence tells that there was no common version.
  if (kind === UNSPECIFIC && text.startsWith("CONFLICT (add/add)")) return "add/add";
  return kind;
}

/** Where a file and a directory want one name, git files the file as `name~<side>`; our sides are oids. */
function withoutLabel(path: string): string {
  return path.replace(/~[0-9a-f]{40,64}(?:_\d+)?$/, "");
}
