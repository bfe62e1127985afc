/**
 * D1 on node:sqlite, in memory: as much of its interface as intake and drizzle use, with a plug that
 * can be pulled before or after any write.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

const MIGRATIONS = join(import.meta.dirname, "../../../migrations");

/** Thrown by everything after the plug was pulled: the process is gone. */
export class Crash extends Error {
  override name = "Crash";
}

export class SqliteD1 {
  readonly sqlite = new DatabaseSync(":memory:");
  /** Writes left before the crash; it happens after the last of them when `late`, else before it. */
  #fuse: { writes: number; late: boolean } | undefined;
  #dead = false;
  readonly #compiled = new Map<string, StatementSync>();

  constructor() {
    this.sqlite.exec("PRAGMA foreign_keys = ON");
    for (const file of readdirSync(MIGRATIONS)
      .filter((name) => name.endsWith(".sql"))
      .toSorted())
      this.sqlite.exec(readFileSync(join(MIGRATIONS, file), "utf8"));
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

  compile(text: string): StatementSync {
    const known = this.#compiled.get(text);
    if (known !== undefined) return known;
    const statement = this.sqlite.prepare(text);
    this.#compiled.set(text, statement);
    return statement;
  }

  prepare(text: string): Prepared {
    return new Prepared(this, text, []);
  }

  async batch(statements: readonly Prepared[]): Promise<unknown[]> {
    return this.write(() => {
      this.sqlite.exec("BEGIN");
      try {
        const results = statements.map((statement) => statement.execute());
        this.sqlite.exec("COMMIT");
        return results;
      } catch (error) {
        this.sqlite.exec("ROLLBACK");
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

  /** The rows as objects; the caller minds transactions. */
  execute(): Record<string, unknown>[] {
    const statement = this.#d1.compile(this.#text);
    statement.setReturnArrays(false);
    return statement.all(...this.#inputs());
  }

  async all(): Promise<{ results: Record<string, unknown>[]; success: true; meta: { changes: number } }> {
    const results = await this.#run(() => this.execute());
    return { results, success: true, meta: { changes: results.length } };
  }

  async run(): ReturnType<Prepared["all"]> {
    return this.all();
  }

  async raw(): Promise<unknown[][]> {
    return this.#run(() => {
      const statement = this.#d1.compile(this.#text);
      statement.setReturnArrays(true);
      return statement.all(...this.#inputs()) as unknown as unknown[][];
    });
  }

  async first(): Promise<Record<string, unknown> | null> {
    return (await this.all()).results[0] ?? null;
  }

  async #run<T>(work: () => T): Promise<T> {
    if (!/^\s*select/i.test(this.#text)) return this.#d1.write(work);
    await this.#d1.read();
    return work();
  }

  #inputs(): SQLInputValue[] {
    return this.#values.map((value) => (typeof value === "boolean" ? Number(value) : (value as SQLInputValue)));
  }
}
