/**
 * Makes objects without a process for each: held in memory until another process must see them,
 * then written as loose objects; or sent on as one pack when none ever had to.
 *
 * Only ever used in a quarantine (see quarantine.ts), where nobody else writes and everything is
 * thrown away or packed at the end: hence no fsync and the fastest compression.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

export type ObjectFormat = "sha1" | "sha256";
export type ObjectType = "blob" | "commit" | "tree";
export type HeldObject = { type: ObjectType; content: Uint8Array };

/** Names hold one character for each byte. */
export type TreeEntry = { mode: string; name: string; oid: string };

export function treeContent(entries: readonly TreeEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { mode, name, oid } of entries)
    parts.push(Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(oid, "hex"));
  return Buffer.concat(parts);
}

/** Bytes held at most: memory must not grow with the number of patches. */
const MAX_HELD = 8 * 1024 * 1024;

export class ObjectWriter {
  readonly #objectsDir: string;
  readonly #format: ObjectFormat;
  readonly #fanOut = new Set<string>();
  readonly #held = new Map<string, HeldObject>();
  #heldBytes = 0;
  #written = false;

  constructor(objectsDir: string, format: ObjectFormat) {
    this.#objectsDir = objectsDir;
    this.#format = format;
  }

  /** Makes one object; answers its oid. Git processes see it after {@link flush}. */
  write(type: ObjectType, content: Uint8Array): string {
    const oid = this.oidOf(type, content);
    if (this.#held.has(oid)) return oid;
    this.#held.set(oid, { type, content });
    this.#heldBytes += content.length;
    if (this.#heldBytes > MAX_HELD) this.flush();
    return oid;
  }

  /** Makes one object that git processes see at once and nobody needs later. */
  writeNow(type: ObjectType, content: Uint8Array): string {
    const oid = this.oidOf(type, content);
    this.#writeLoose(oid, type, content);
    return oid;
  }

  /** Lets git processes see one object at once, be it held or there already. */
  show(oid: string): void {
    const object = this.#held.get(oid);
    if (object !== undefined) this.#writeLoose(oid, object.type, object.content);
  }

  oidOf(type: ObjectType, content: Uint8Array): string {
    return createHash(this.#format).update(`${type} ${content.length}\0`).update(content).digest("hex");
  }

  /** A tree of the given entries, which must be in git's order. */
  writeTree(entries: readonly TreeEntry[]): string {
    return this.write("tree", treeContent(entries));
  }

  /** An object that was made and not written yet. */
  held(oid: string): HeldObject | undefined {
    return this.#held.get(oid);
  }

  /** All objects made, when none had to be written yet: one pack can hold them. Otherwise undefined. */
  get unwritten(): ReadonlyMap<string, HeldObject> | undefined {
    return this.#written ? undefined : this.#held;
  }

  /** What is to be kept is not all in here. */
  leaveToGit(): void {
    this.#written = true;
  }

  /** Writes what is held where git processes find it. */
  flush(): void {
    for (const [oid, { type, content }] of this.#held) this.#writeLoose(oid, type, content);
    this.#written ||= this.#held.size > 0;
    this.#held.clear();
    this.#heldBytes = 0;
  }

  #writeLoose(oid: string, type: ObjectType, content: Uint8Array): void {
    const folder = join(this.#objectsDir, oid.slice(0, 2));
    if (!this.#fanOut.has(folder)) {
      mkdirSync(folder, { recursive: true });
      this.#fanOut.add(folder);
    }
    const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
    // Under another name first: a tree of ours may be one that upstream has, and that git looks for meanwhile.
    const unfinished = join(this.#objectsDir, "tmp_object");
    writeFileSync(unfinished, deflateSync(bytes, { level: 1 }), { mode: 0o444 });
    renameSync(unfinished, join(folder, oid.slice(2)));
  }
}
