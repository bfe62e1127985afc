/**
 * D1 as the store uses it, over SQLite: slow, down, refusing, or silent about what it has written.
 *
 * A request is applied at one moment and answered at another. Who asked may be gone by then.
 *
 * @module
 */
import type { Dice } from "./dice.ts";
import type { Faults } from "./faults.ts";
import type { Sqlite } from "./sqlite.ts";
import type { Timeline } from "./timeline.ts";
import type { Trace } from "./trace.ts";

/** Whoever asks D1: a live object, or one invocation of the Worker. */
export type Caller = {
  name: string;
  alive: boolean;
  /** What ends it while a request is under way, if anything. */
  maybeEnd(): void;
};

/** `writes`: the tables that it may change. */
type Work = { label: () => string; writes: readonly string[]; apply: () => unknown };

/** D1 gives up a request after this long, milliseconds. */
const LONGEST = 40_000;

export class SimulatedD1 {
  private readonly sqlite: Sqlite;
  private readonly timeline: Timeline;
  private readonly dice: Dice;
  private readonly faults: Faults;
  private readonly trace: Trace;
  private readonly written: (tables: ReadonlySet<string>) => void;
  private downUntil = 0;

  constructor(
    parts: { sqlite: Sqlite; timeline: Timeline; dice: Dice; faults: Faults; trace: Trace },
    written: (tables: ReadonlySet<string>) => void,
  ) {
    this.sqlite = parts.sqlite;
    this.timeline = parts.timeline;
    this.dice = parts.dice;
    this.faults = parts.faults;
    this.trace = parts.trace;
    this.written = written;
  }

  /** The binding as this caller holds it. */
  binding(caller: Caller): D1Database {
    const d1 = {
      prepare: (text: string) => new Statement(this, caller, text, []),
      batch: (statements: Statement[]) => this.batch(caller, statements),
    };
    return d1 as unknown as D1Database;
  }

  execute(text: string, params: readonly unknown[]): unknown {
    const { rows, changes } = this.sqlite.run(text, params);
    return { success: true, results: rows, meta: { changes } };
  }

  raw(text: string, params: readonly unknown[]): unknown {
    return this.sqlite.raw(text, params);
  }

  /** One request: applied, then answered, unless something comes between. */
  request<T>(caller: Caller, work: Work): Promise<T> {
    if (!caller.alive) return new Promise(() => {});
    const { timeline, dice, faults } = this;
    if (faults.strikes("storageDown")) this.downUntil = timeline.now + dice.between(10_000, 900_000);
    caller.maybeEnd();
    return new Promise<T>((resolve, reject) => {
      const answer = (outcome: string, then: () => void) => {
        this.trace.line(
          () => `d1 ${caller.name} ${work.label()}: ${outcome}${caller.alive ? "" : ", nobody hears it"}`,
        );
        if (caller.alive) then();
      };
      const refuse = (why: string) => answer(why, () => reject(new Error(`D1_ERROR: ${why}`)));
      const quick = 1 + Math.floor(dice.next() * 30);
      if (!faults.over && timeline.now < this.downUntil) {
        timeline.after(quick, () => refuse("Network connection lost."));
        return;
      }
      if (faults.strikes("storageRefuses")) {
        timeline.after(quick, () =>
          refuse("D1 DB storage operation exceeded timeout which caused object to be reset."),
        );
        return;
      }
      const slow = faults.strikes("storageSlow");
      const silent = faults.strikes("storageForgetsToAnswer");
      timeline.after(slow ? dice.between(0, LONGEST) : quick, () => {
        let value: unknown;
        try {
          value = work.apply();
        } catch (error) {
          refuse(messageOf(error));
          return;
        }
        if (work.writes.length > 0) this.written(new Set(work.writes));
        if (silent) timeline.after(dice.between(0, LONGEST), () => refuse("Network connection lost."));
        else if (slow) timeline.after(dice.between(0, LONGEST), () => answer("ok, late", () => resolve(value as T)));
        else answer("ok", () => resolve(value as T));
      });
    });
  }

  private batch(caller: Caller, statements: readonly Statement[]): Promise<unknown> {
    const label = () => `batch(${statements.map((statement) => statement.label).join("; ")})`;
    const writes = statements.flatMap((statement) => statement.writes);
    return this.request(caller, { label, writes, apply: () => this.whole(statements) });
  }

  /** All of them or none. */
  private whole(statements: readonly Statement[]): unknown[] {
    const { db } = this.sqlite;
    db.exec("SAVEPOINT batch");
    try {
      const results = statements.map((statement) => this.execute(statement.text, statement.params));
      db.exec("RELEASE batch");
      return results;
    } catch (error) {
      db.exec("ROLLBACK TO batch");
      db.exec("RELEASE batch");
      throw error;
    }
  }
}

class Statement {
  readonly text: string;
  readonly params: readonly unknown[];
  private readonly d1: SimulatedD1;
  private readonly caller: Caller;

  constructor(d1: SimulatedD1, caller: Caller, text: string, params: readonly unknown[]) {
    this.d1 = d1;
    this.caller = caller;
    this.text = text;
    this.params = params;
  }

  get writes(): readonly string[] {
    return described(this.text).writes;
  }

  get label(): string {
    return described(this.text).label;
  }

  bind(...params: unknown[]): Statement {
    return new Statement(this.d1, this.caller, this.text, params);
  }

  all(): Promise<unknown> {
    return this.ask(() => this.d1.execute(this.text, this.params));
  }

  run(): Promise<unknown> {
    return this.all();
  }

  raw(): Promise<unknown> {
    return this.ask(() => this.d1.raw(this.text, this.params));
  }

  private ask(apply: () => unknown): Promise<unknown> {
    return this.d1.request(this.caller, { label: () => this.label, writes: this.writes, apply });
  }
}

type Described = { label: string; writes: readonly string[] };

const descriptions = new Map<string, Described>();

/** What a statement does, by its text; there are few texts. */
function described(text: string): Described {
  let known = descriptions.get(text);
  if (known === undefined) {
    const [, verb = "", table] =
      /^\s*(insert into|update|delete from|select\b.*?\bfrom)\s+["`]?(\w+)/is.exec(text) ?? [];
    const reads = /^\s*select/i.test(text);
    if (table === undefined && !reads) throw new Error(`which table does this write? ${text}`);
    const label = table === undefined ? text.slice(0, 40) : `${verb.slice(0, 6).toLowerCase()} ${table}`;
    known = { label, writes: table === undefined || reads ? [] : [table] };
    descriptions.set(text, known);
  }
  return known;
}

/** As the binding says it: SQLite's message, and what kind of error it is. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.includes("constraint failed") ? `${message}: SQLITE_CONSTRAINT` : `${message}: SQLITE_ERROR`;
}
