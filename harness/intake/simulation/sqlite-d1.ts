/**
 * D1 for a process that may die: the common SQLite of the simulations, with a plug that can be pulled
 * before or after any write.
 *
 * @module
 */
import { migrations, Sqlite, type SqlRow } from "../../simulate/sqlite.ts";

/** Thrown by everything after the plug was pulled: the process is gone. */
export class Crash extends Error {
  override name = "Crash";
}

export class SqliteD1 {
  readonly sqlite = new Sqlite(migrations());
  /** Writes left before the crash; it happens after the last of them when `late`, else before it. */
  #fuse: { writes: number; late: boolean } | undefined;
  #dead = false;

  /** An empty disk. What was on it has never been. */
  begin(): void {
    this.restart();
    this.sqlite.begin();
  }

  forget(): void {
    this.sqlite.forget();
  }

  crashAfter(writes: number, late: boolean): void {
    this.#fuse = { writes, late };
  }

  /** A new process on the same disk. True when the old one had crashed. */
  restart(): boolean {
    const crashed = this.#dead;
    this.#dead = false;
    this.#fuse = undefined;
    return crashed;
  }

  prepare(text: string): Prepared {
    return new Prepared(this, text, []);
  }

  async batch(statements: readonly Prepared[]): Promise<unknown[]> {
    const { db } = this.sqlite;
    return this.write(() => {
      db.exec("SAVEPOINT batch");
      try {
        const results = statements.map((statement) => statement.execute());
        db.exec("RELEASE batch");
        return results;
      } catch (error) {
        db.exec("ROLLBACK TO batch");
        db.exec("RELEASE batch");
        throw error;
      }
    });
  }

  async write<T>(work: () => T): Promise<T> {
    await this.read();
    const fuse = this.#fuse;
    if (fuse !== undefined) fuse.writes -= 1;
    const burnt = fuse !== undefined && fuse.writes <= 0;
    if (burnt && !fuse.late) this.#die();
    const result = work();
    if (burnt) this.#die();
    return result;
  }

  async read(): Promise<void> {
    if (this.#dead) throw new Crash("the process is gone");
    await Promise.resolve();
  }

  #die(): never {
    this.#dead = true;
    throw new Crash("the plug was pulled");
  }
}

type Answer = { results: SqlRow[]; success: true; meta: { changes: number } };

class Prepared {
  readonly #d1: SqliteD1;
  readonly #text: string;
  readonly #values: readonly unknown[];

  constructor(d1: SqliteD1, text: string, values: readonly unknown[]) {
    this.#d1 = d1;
    this.#text = text;
    this.#values = values;
  }

  bind(...values: unknown[]): Prepared {
    return new Prepared(this.#d1, this.#text, values);
  }

  /** What D1 answers; the caller minds transactions. */
  execute(): Answer {
    const { rows, changes } = this.#d1.sqlite.run(this.#text, this.#inputs());
    return { results: rows, success: true, meta: { changes } };
  }

  async all(): Promise<Answer> {
    return this.#run(() => this.execute());
  }

  async run(): Promise<Answer> {
    return this.all();
  }

  async raw(): Promise<unknown[][]> {
    return this.#run(() => this.#d1.sqlite.raw(this.#text, this.#inputs()));
  }

  async first(): Promise<SqlRow | null> {
    return (await this.all()).results[0] ?? null;
  }

  async #run<T>(work: () => T): Promise<T> {
    if (!/^\s*select/i.test(this.#text)) return this.#d1.write(work);
    await this.#d1.read();
    return work();
  }

  #inputs(): unknown[] {
    return this.#values.map((value) => (typeof value === "boolean" ? Number(value) : value));
  }
}
