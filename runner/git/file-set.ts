/**
 * Trees that hold a few files of a larger one, at their places.
 *
 * @module
 */
import { type ObjectWriter, type TreeEntry, treeContent } from "./object-writer.ts";

/** Mode and oid by path; a path holds one character for each byte. */
export type FileSet = ReadonlyMap<string, { mode: string; oid: string }>;

export const FOLDER_MODE = "40000";

/** Writes the tree at once; answers its oid. */
export function writeFileSet(writer: ObjectWriter, files: FileSet): string {
  const entries: TreeEntry[] = [];
  const folders = new Map<string, Map<string, { mode: string; oid: string }>>();
  for (const [path, file] of files) {
    const slash = path.indexOf("/");
    if (slash === -1) {
      entries.push({ name: path, ...file });
      continue;
    }
    const name = path.slice(0, slash);
    const folder = folders.get(name) ?? new Map<string, { mode: string; oid: string }>();
    folders.set(name, folder.set(path.slice(slash + 1), file));
  }
  for (const [name, folder] of folders) entries.push({ name, mode: FOLDER_MODE, oid: writeFileSet(writer, folder) });
  return writer.writeNow("tree", treeContent(inGitOrder(entries)));
}

/** A folder sorts as if its name ended in a slash. */
export function inGitOrder(entries: TreeEntry[]): TreeEntry[] {
  const key = ({ name, mode }: TreeEntry) => (mode === FOLDER_MODE ? `${name}/` : name);
  return entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
