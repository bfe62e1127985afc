/**
 * Merges that need no merging: a patch whose files stand in the tree as the patch expects them.
 *
 * Most patches of most stacks are such. git comes to the same result by the same rule (changed on
 * one side only: take that side), but has to look at all that both sides changed for renames first.
 * Where a rename could have a say, the patch is left to git:
 *
 * - a patch that both adds and deletes may rename, and may move a whole folder;
 * - a patch that adds to a folder which is gone may belong where that folder went.
 *
 * @module
 */
import type { FileChange } from "./commit-diffs.ts";
import type { ObjectReader } from "./object-reader.ts";
import type { ObjectWriter } from "./object-writer.ts";

interface Entry {
  mode: string;
  oid: string;
  /** Of a folder, once it was read. */
  folder?: Folder;
}

/** Names hold one character for each byte. */
interface Folder {
  entries: Map<string, Entry>;
  changed: boolean;
}

const FOLDER = "40000";
const FILE_MODES = new Set(["100644", "100755"]);
/** Folders read into memory at most; then they are forgotten and read again. */
const MAX_FOLDERS = 5_000;

export class TreeEditor {
  readonly #reader: ObjectReader;
  readonly #writer: ObjectWriter;
  #tree: string | undefined;
  #root: Folder | undefined;
  #folders = 0;

  constructor(reader: ObjectReader, writer: ObjectWriter) {
    this.#reader = reader;
    this.#writer = writer;
  }

  /** The tree with the changes made, or undefined when that is for git to say. */
  async apply(tree: string, changes: readonly FileChange[]): Promise<string | undefined> {
    if (!isPlain(changes)) return undefined;
    if (this.#tree !== tree || this.#root === undefined || this.#folders > MAX_FOLDERS) {
      this.#folders = 0;
      // A tree that git made after this editor wrote others is in the quarantine; one of ours may be held yet.
      const root = await this.#read(tree);
      if (root === undefined) return undefined;
      this.#root = root;
      this.#tree = tree;
    }
    const root = this.#root;
    const places: { folders: Folder[]; names: string[]; change: FileChange }[] = [];
    for (const change of changes) {
      const names = Buffer.from(change.path, "utf8").toString("latin1").split("/");
      const folders = await this.#walk(root, names.slice(0, -1));
      if (folders === undefined) return undefined;
      const there = folders.at(-1)?.entries.get(names.at(-1) ?? "");
      const isExpected =
        change.status === "A" ? there === undefined : there?.oid === change.oldOid && there.mode === change.oldMode;
      if (!isExpected) return undefined;
      places.push({ folders, names, change });
    }
    for (const { folders, names, change } of places) {
      const name = names.at(-1) ?? "";
      const entries = folders.at(-1)?.entries;
      if (change.status === "D") entries?.delete(name);
      else entries?.set(name, { mode: change.newMode, oid: change.newOid });
      for (const folder of folders) folder.changed = true;
    }
    this.#tree = this.#write(root);
    return this.#tree;
  }

  /** The folders from the root down to the one named; undefined when something else is in the way. */
  async #walk(root: Folder, names: readonly string[]): Promise<Folder[] | undefined> {
    const folders = [root];
    let folder = root;
    for (const name of names) {
      const entry = folder.entries.get(name);
      if (entry?.mode !== FOLDER) return undefined;
      entry.folder ??= await this.#read(entry.oid);
      if (entry.folder === undefined) return undefined;
      folder = entry.folder;
      folders.push(folder);
    }
    return folders;
  }

  async #read(oid: string): Promise<Folder | undefined> {
    const object = this.#writer.held(oid) ?? (await this.#reader.read(oid));
    if (object?.type !== "tree") return undefined;
    this.#folders += 1;
    return { entries: parseTree(Buffer.from(object.content), oid.length / 2), changed: false };
  }

  #write(folder: Folder): string {
    for (const [name, entry] of folder.entries) {
      if (entry.folder?.changed !== true) continue;
      entry.oid = this.#write(entry.folder);
      // git has no empty folders.
      if (entry.folder.entries.size === 0) folder.entries.delete(name);
    }
    folder.changed = false;
    const entries = [...folder.entries].map(([name, { mode, oid }]) => ({ name, mode, oid }));
    // A folder sorts as if its name ended in a slash.
    const key = ({ name, mode }: { name: string; mode: string }) => (mode === FOLDER ? `${name}/` : name);
    entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
    return this.#writer.writeTree(entries);
  }
}

/** Ordinary files only, and nothing that could be a rename. */
function isPlain(changes: readonly FileChange[]): boolean {
  if (changes.length === 0) return false;
  const statuses = new Set(changes.map(({ status }) => status));
  if (statuses.has("A") && statuses.has("D")) return false;
  return changes.every(({ status, oldMode, newMode, path }) => {
    // A name that is not UTF-8 was not read faithfully.
    if (!["A", "D", "M"].includes(status) || path.includes("\uFFFD")) return false;
    return (status === "A" || FILE_MODES.has(oldMode)) && (status === "D" || FILE_MODES.has(newMode));
  });
}

function parseTree(content: Buffer, oidBytes: number): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const nul = content.indexOf(0, space);
    const oid = content.toString("hex", nul + 1, nul + 1 + oidBytes);
    entries.set(content.toString("latin1", space + 1, nul), { mode: content.toString("latin1", at, space), oid });
    at = nul + 1 + oidBytes;
  }
  return entries;
}
