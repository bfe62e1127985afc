/**
 * Merges of few files in large trees, without a look at the rest of the tree.
 *
 * Most patches of most stacks find their files as they expect them: what is changed on one side only
 * is taken from that side, and no process is needed to say so. Where a file was changed on both
 * sides git merges that file and nothing else. Both give what git gives for the whole tree, except
 * where a rename could have a say, and there git is asked about the whole tree:
 *
 * - a patch that both adds and deletes may rename, and may move a whole folder;
 * - a file that the patch changes and that is gone may have been renamed;
 * - a patch that adds to a folder which is gone may belong where that folder went.
 *
 * @module
 */
import type { FileChange } from "./commit-diffs.ts";
import { FOLDER_MODE, inGitOrder } from "./file-set.ts";
import type { ObjectReader } from "./object-reader.ts";
import { type ObjectWriter, treeContent } from "./object-writer.ts";

interface Entry {
  mode: string;
  oid: string;
  /** Where the oid stands in the folder's content. */
  at: number;
  /** Of a folder, once it was read. */
  folder?: Folder;
}

/** Names hold one character for each byte. */
interface Folder {
  entries: Map<string, Entry>;
  content: Buffer;
  /** Something in it changed; `reshaped`: more than oids did. */
  changed: boolean;
  reshaped: boolean;
}

/** Where a patch's file is in the tree, and what stands there. */
export interface Place {
  change: FileChange;
  /** The path, one character for each byte. */
  path: string;
  there: { mode: string; oid: string } | undefined;
}

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

  /** What stands where a patch changes files; undefined when a rename could have a say. */
  async find(tree: string, changes: readonly FileChange[]): Promise<Place[] | undefined> {
    if (!isPlain(changes)) return undefined;
    const root = await this.#open(tree);
    if (root === undefined) return undefined;
    const places: Place[] = [];
    for (const change of changes) {
      const path = Buffer.from(change.path, "utf8").toString("latin1");
      const names = path.split("/");
      const folder = (await this.#walk(root, names.slice(0, -1)))?.at(-1);
      if (folder === undefined) return undefined;
      const there = folder.entries.get(names.at(-1) ?? "");
      // Something else is there, or nothing where there should be a file.
      if (there === undefined ? change.status !== "A" : !FILE_MODES.has(there.mode)) return undefined;
      places.push({ change, path, there: there === undefined ? undefined : { mode: there.mode, oid: there.oid } });
    }
    return places;
  }

  /** The tree with files set or, where undefined, deleted. Their folders must be there: see {@link find}. */
  async edit(tree: string, files: ReadonlyMap<string, { mode: string; oid: string } | undefined>): Promise<string> {
    const root = await this.#open(tree);
    if (root === undefined) throw new Error(`the tree ${tree} cannot be read any more`);
    for (const [path, file] of files) {
      const names = path.split("/");
      const folders = await this.#walk(root, names.slice(0, -1));
      const folder = folders?.at(-1);
      const name = names.at(-1) ?? "";
      if (folders === undefined || folder === undefined) throw new Error(`the folder of ${path} is not there any more`);
      for (const changed of folders) changed.changed = true;
      const entry = folder.entries.get(name);
      if (file !== undefined && entry?.mode === file.mode) setOid(folder, entry, file.oid);
      else {
        folder.reshaped = true;
        if (file === undefined) folder.entries.delete(name);
        else folder.entries.set(name, { ...file, at: 0 });
      }
    }
    this.#tree = this.#write(root);
    return this.#tree;
  }

  /** Reads the folders of many paths at once, level by level, before one after the other is asked for. */
  async readAhead(tree: string, paths: Iterable<string>): Promise<void> {
    const root = await this.#open(tree);
    const names = [...paths].map((path) => Buffer.from(path, "utf8").toString("latin1").split("/").slice(0, -1));
    if (root !== undefined) await this.#readInto(root, names);
  }

  async #readInto(folder: Folder, paths: readonly (readonly string[])[]): Promise<void> {
    const below = new Map<string, (readonly string[])[]>();
    for (const [name, ...rest] of paths) if (name !== undefined) below.set(name, [...(below.get(name) ?? []), rest]);
    const reads = [...below].map(async ([name, rests]) => {
      const entry = folder.entries.get(name);
      if (entry?.mode !== FOLDER_MODE || this.#folders >= MAX_FOLDERS) return;
      entry.folder ??= await this.#read(entry.oid);
      if (entry.folder !== undefined) await this.#readInto(entry.folder, rests);
    });
    await Promise.all(reads);
  }

  async #open(tree: string): Promise<Folder | undefined> {
    if (this.#tree === tree && this.#root !== undefined && this.#folders <= MAX_FOLDERS) return this.#root;
    this.#folders = 0;
    this.#root = await this.#read(tree);
    this.#tree = tree;
    return this.#root;
  }

  /** The folders from the root down to the one named; undefined when something else is in the way. */
  async #walk(root: Folder, names: readonly string[]): Promise<Folder[] | undefined> {
    const folders = [root];
    let folder = root;
    for (const name of names) {
      const entry = folder.entries.get(name);
      if (entry?.mode !== FOLDER_MODE) return undefined;
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
    const content = Buffer.from(object.content);
    return { entries: parseTree(content, oid.length / 2), content, changed: false, reshaped: false };
  }

  #write(folder: Folder): string {
    for (const [name, entry] of folder.entries) {
      if (entry.folder?.changed !== true) continue;
      setOid(folder, entry, this.#write(entry.folder));
      if (entry.folder.entries.size > 0) continue;
      // git has no empty folders.
      folder.entries.delete(name);
      folder.reshaped = true;
    }
    if (folder.reshaped) {
      const entries = [...folder.entries].map(([name, { mode, oid }]) => ({ name, mode, oid }));
      folder.content = treeContent(inGitOrder(entries));
      const places = parseTree(folder.content, this.#oidBytes(entries));
      for (const [name, entry] of folder.entries) entry.at = places.get(name)?.at ?? 0;
    }
    folder.changed = false;
    folder.reshaped = false;
    // A copy: the next patch changes this folder in place.
    return this.#writer.write("tree", Buffer.from(folder.content));
  }

  #oidBytes(entries: readonly { oid: string }[]): number {
    return (entries[0]?.oid.length ?? 40) / 2;
  }
}

function setOid(folder: Folder, entry: Entry, oid: string): void {
  entry.oid = oid;
  if (!folder.reshaped) folder.content.write(oid, entry.at, "hex");
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
  for (let start = 0; start < content.length; ) {
    const space = content.indexOf(0x20, start);
    const at = content.indexOf(0, space) + 1;
    const oid = content.toString("hex", at, at + oidBytes);
    const mode = content.toString("latin1", start, space);
    entries.set(content.toString("latin1", space + 1, at - 1), { mode, oid, at });
    start = at + oidBytes;
  }
  return entries;
}
