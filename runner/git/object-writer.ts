/**
 * Writes loose objects without a process for each.
 *
 * Only ever used in a quarantine (see quarantine.ts), where nobody else writes and everything is
 * thrown away or packed at the end: hence no temporary names, no fsync and the fastest compression.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

export type ObjectFormat = "sha1" | "sha256";
export type ObjectType = "blob" | "commit" | "tree";

export class ObjectWriter {
  readonly #objectsDir: string;
  readonly #format: ObjectFormat;
  readonly #fanOut = new Set<string>();

  constructor(objectsDir: string, format: ObjectFormat) {
    this.#objectsDir = objectsDir;
    this.#format = format;
  }

  /** Stores one object; answers its oid. */
  write(type: ObjectType, content: Uint8Array): string {
    const header = Buffer.from(`${type} ${content.length}\0`);
    const oid = createHash(this.#format).update(header).update(content).digest("hex");
    const folder = join(this.#objectsDir, oid.slice(0, 2));
    if (!this.#fanOut.has(folder)) {
      mkdirSync(folder, { recursive: true });
      this.#fanOut.add(folder);
    }
    try {
      writeFileSync(join(folder, oid.slice(2)), deflateSync(Buffer.concat([header, content]), { level: 1 }), {
        flag: "wx",
        mode: 0o444,
      });
    } catch (error) {
      // The name is the content: what stands there already is the same object.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return oid;
  }

  /** A tree of the given entries, which must be in git's order. */
  writeTree(entries: readonly { mode: string; name: string; oid: string }[]): string {
    const parts = entries.map((e) => Buffer.concat([Buffer.from(`${e.mode} ${e.name}\0`), Buffer.from(e.oid, "hex")]));
    return this.write("tree", Buffer.concat(parts));
  }
}
