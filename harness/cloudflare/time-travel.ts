/**
 * D1's Time Travel: copies of the database's file, and one of them put back under the Worker that runs.
 *
 * Cloudflare can go back to any minute of thirty days; here, to the moments at which a copy was kept.
 *
 * @module
 */
import { globSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";

type Moment = { bookmark: string; at: Date };

export class TimeTravel {
  readonly #folder: string;
  /** Oldest first. */
  readonly #moments: Moment[] = [];

  /** @param folder where miniflare keeps the account's data */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps the database as it is now. */
  async keep(): Promise<Moment> {
    const at = new Date();
    const bookmark = `${String(this.#moments.length + 1).padStart(8, "0")}-${at.getTime().toString(16)}`;
    mkdirSync(join(this.#folder, "moments"), { recursive: true });
    await copy(this.#database(), this.#file(bookmark));
    this.#moments.push({ bookmark, at });
    return { bookmark, at };
  }

  /** The bookmark of the database as it was at a time; undefined when nothing was kept until then. */
  bookmarkAt(time: Date): string | undefined {
    return this.#moments.findLast(({ at }) => at <= time)?.bookmark;
  }

  /**
   * Puts a copy in the database's place. As in the real one, what was there can be gone back to as well, and whoever
   * has read it before is not told. Undefined when there is no such bookmark.
   */
  async restore(bookmark: string): Promise<{ bookmark: string; previous_bookmark: string } | undefined> {
    if (!this.#moments.some((one) => one.bookmark === bookmark)) return undefined;
    const previous = await this.keep();
    await copy(this.#file(bookmark), this.#database());
    return { bookmark, previous_bookmark: previous.bookmark };
  }

  #file(bookmark: string): string {
    return join(this.#folder, "moments", `${bookmark}.sqlite`);
  }

  #database(): string {
    const files = globSync(join(this.#folder, "d1", "*", "*.sqlite")).filter(
      (file) => !file.endsWith("metadata.sqlite"),
    );
    const [file, another] = files;
    if (file === undefined || another !== undefined) throw new Error(`${files.length} databases where one should be`);
    return file;
  }
}

/** SQLite's own, in one transaction of the target: workerd has the database open all the while. */
async function copy(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from);
  try {
    await backup(source, to);
  } finally {
    source.close();
  }
}
