/**
 * Writes records that an export gave into this database, each at most once.
 *
 * What belongs to a stack or a source is written only while that is being restored: from its declaration,
 * which an import makes without anything being done with it, to where it stands, which ends the restoring.
 * So an import that breaks off leaves nothing that acts on half a record, and one that is made again goes on.
 *
 * @module
 */
import { getTableName } from "drizzle-orm";
import { type RecordKind, RecordLine, type RecordsAnswer, type RefusedRecord } from "../contract/record.ts";
import type { ImportFile } from "../contract/record-import.ts";
import { commit, type Database, insertRows, reading, type Statement } from "./database.ts";
import { columnsOf, KINDS, keyText, ownerOf, type Plan, recordOf, toldValue } from "./record-kinds.ts";
import { foreignName } from "./record-owner.ts";
import { halfStackOf, type OwnerState, ownerStates, STANDS_NOW, stillRestoring } from "./restorations.ts";

/** Two files would be mixed in it, and nobody could tell. */
const ELSEWHERE = "is being restored from another file: import that one again, or give its import up";

type Row = { index: number; record: Record<string, unknown>; key: string };

type Refusal = Omit<RefusedRecord, "index" | "kind" | "key">;

export type Imported = RecordsAnswer & {
  /** Stacks that stand now: their objects must read the record again. */
  finished: string[];
};

/** Which import brings the lines. */
export type ImportedBy = { id: string; file: ImportFile; now: string };

/** Takes the lines in their order; lines of one kind that follow each other are looked up and written together. */
export async function importRecords(db: Database, lines: readonly unknown[], by: ImportedBy): Promise<Imported> {
  const importing = new Import(db, by);
  let group: Row[] = [];
  let kind: RecordKind | undefined;
  for (const [index, line] of lines.entries()) {
    const row = importing.read(line, index);
    if (row === undefined) continue;
    // A key twice in one group would be looked up before its first line is written.
    if (kind !== row.kind || group.some(({ key }) => key === row.key)) {
      await importing.take(kind, group);
      group = [];
    }
    kind = row.kind;
    group.push(row);
  }
  await importing.take(kind, group);
  return importing.answer;
}

class Import {
  readonly answer: Imported = { new: 0, same: 0, refused: [], finished: [] };
  private readonly db: Database;
  private readonly by: ImportedBy;

  constructor(db: Database, by: ImportedBy) {
    this.db = db;
    this.by = by;
  }

  /** The line, if it is a record of its kind. */
  read(line: unknown, index: number): (Row & { kind: RecordKind }) | undefined {
    const parsed = RecordLine.safeParse(line);
    if (!parsed.success) {
      const message = `is no line of an export: ${parsed.error.issues[0]?.message ?? "unreadable"}`;
      this.answer.refused.push({ index, kind: "?", key: "?", code: "invalid", message });
      return undefined;
    }
    const { kind, record } = parsed.data;
    const row = { index, record, key: keyText(kind, record) };
    const checked = KINDS[kind].schema.safeParse(record);
    if (checked.success) {
      const foreign = foreignName(kind, record);
      if (foreign === undefined) return { kind, ...row };
      const message = `${foreign.property}: '${foreign.name}' is not of stack '${ownerOf(kind, record)}'`;
      this.refuse(kind, row, { code: "invalid", message });
      return undefined;
    }
    const [issue] = checked.error.issues;
    this.refuse(kind, row, {
      code: "invalid",
      message: `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "unreadable"}`,
    });
    return undefined;
  }

  async take(kind: RecordKind | undefined, rows: readonly Row[]): Promise<void> {
    if (kind === undefined || rows.length === 0) return;
    const { owner } = KINDS[kind];
    const owners = rows.map(({ record }) => ownerOf(kind, record) ?? "");
    const { sha256 } = this.by.file;
    const states =
      owner === undefined ? undefined : await ownerStates(this.db, owner.kind, [...new Set(owners)], sha256);
    if (kind === "stack_standing" || kind === "source_standing") {
      for (const row of rows) await this.stand(kind, row, states?.get(ownerOf(kind, row.record) ?? "") ?? "missing");
      return;
    }
    const known = await this.known(kind, rows);
    const writes: Row[] = [];
    for (const [i, row] of rows.entries()) {
      const state = states?.get(owners[i] ?? "") ?? (owner === undefined ? undefined : "missing");
      const there = known.get(row.key);
      const refusal = this.whyNot(kind, row, there, state);
      if (refusal === "same") this.answer.same++;
      else if (refusal === undefined) writes.push(row);
      else this.refuse(kind, row, refusal);
    }
    await this.write(kind, writes);
  }

  private whyNot(
    kind: RecordKind,
    { record }: Row,
    there: Record<string, unknown> | undefined,
    state: OwnerState | undefined,
  ): Refusal | "same" | undefined {
    const { owner, adds } = KINDS[kind];
    if (there !== undefined && sameRecord(kind, there, record)) return "same";
    if (owner === undefined)
      return there === undefined
        ? undefined
        : { code: "differs", message: "there is another one with this key, which stays" };
    const name = `${owner.kind} '${ownerOf(kind, record)}'`;
    if (there !== undefined && ownerOf(kind, there) !== ownerOf(kind, record))
      return { code: "taken", message: `${owner.kind} '${ownerOf(kind, there)}' has this one, which stays` };
    if (state === "missing") return { code: "missing", message: `there is no ${name}: its own line comes first` };
    if (state === "elsewhere") return { code: "in_use", message: `${name} ${ELSEWHERE}` };
    if (state === "restoring" || (adds === true && there === undefined)) return undefined;
    return there === undefined
      ? { code: "in_use", message: `${name} is at work here and has a record of its own, which stays` }
      : { code: "differs", message: `${name} is at work here and has another one with this key, which stays` };
  }

  /** Rows of these keys as a line would give them. */
  private async known(kind: RecordKind, rows: readonly Row[]): Promise<Map<string, Record<string, unknown>>> {
    const { table, key, columns } = KINDS[kind];
    const name = getTableName(table);
    const matches = key.map((property, i) => {
      const column = columns.find(([own]) => own === property)?.[1];
      return `"${name}"."${column?.name ?? property}" = json_extract(j.value, '$[${i}]')`;
    });
    const keys = rows.map(({ record }) => key.map((property) => record[property]));
    const { results } = await reading(
      this.db.$client
        .prepare(
          `SELECT ${columnsOf(kind)} FROM json_each(?1) AS j CROSS JOIN "${name}" WHERE ${matches.join(" AND ")}`,
        )
        .bind(JSON.stringify(keys))
        .all(),
    );
    return new Map(
      results.map((row) => {
        const record = recordOf(kind, row);
        return [keyText(kind, record), record];
      }),
    );
  }

  private async write(kind: RecordKind, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const statements = this.statements(kind, rows);
    const failure = await commit(this.db, statements);
    if (failure === undefined) {
      this.answer.new += rows.length;
      return;
    }
    const [only, ...more] = rows;
    if (only !== undefined && more.length === 0) {
      const refusal = refusalOf(failure);
      if (refusal === undefined)
        await reading(Promise.reject(new Error(failure.kind === "fault" ? failure.message : "")));
      else this.refuse(kind, only, refusal);
      return;
    }
    // One of them holds up the others: which one, each says for itself.
    for (const row of rows) await this.write(kind, [row]);
  }

  private statements(kind: RecordKind, rows: readonly Row[]): Statement[] {
    const { table, key, columns, owner } = KINDS[kind];
    if (kind === "stack" || kind === "source")
      return [
        ...insertRows(
          this.db,
          table,
          rows.map(({ record }) => ({
            ...record,
            updatedAt: this.by.now,
            // Nothing is done with either of them so far.
            ...(kind === "stack" ? { deletedAt: this.by.now } : { nextPollAt: null }),
          })) as never[],
        ),
        this.db.$client
          .prepare("INSERT INTO restorations (kind, id, since, sha256) SELECT ?1, value, ?2, ?4 FROM json_each(?3)")
          .bind(kind, this.by.now, JSON.stringify(rows.map(({ record }) => record.id)), this.by.file.sha256),
      ];
    const names = key.map((property) => columns.find(([own]) => own === property)?.[1].name ?? property);
    const update = { update: names, except: kind === "delivery" ? ["type"] : [] };
    const records = rows.map(({ record }) => record) as never[];
    // What is nothing but its key has nothing to update.
    const onConflict = owner === undefined ? "fail" : names.length === columns.length ? "ignore" : update;
    const inserts = insertRows(this.db, table, records, onConflict);
    // What only adds goes in also where its owner stands.
    if (owner === undefined || KINDS[kind].adds === true) return inserts;
    return [
      stillRestoring(
        this.db,
        owner.kind,
        [...new Set(rows.map(({ record }) => ownerOf(kind, record) ?? ""))],
        this.by.file.sha256,
      ),
      ...inserts,
    ];
  }

  /** The last line of a stack or a source: from here on it is at work. */
  private async stand(kind: "stack_standing" | "source_standing", row: Row, state: OwnerState): Promise<void> {
    const owner = kind === "stack_standing" ? "stack" : "source";
    const id = String(row.record.id);
    if (state === "missing") {
      this.refuse(kind, row, { code: "missing", message: `there is no ${owner} '${id}': its own line comes first` });
      return;
    }
    if (state === "standing") {
      const there = (await this.known(kind, [row])).get(row.key);
      if (there !== undefined && sameRecord(kind, there, row.record)) this.answer.same++;
      else
        this.refuse(kind, row, {
          code: "differs",
          message: `${owner} '${id}' is at work here and stands elsewhere, and stays there`,
        });
      return;
    }
    if (state === "elsewhere") {
      this.refuse(kind, row, { code: "in_use", message: `${owner} '${id}' ${ELSEWHERE}` });
      return;
    }
    const lacking = kind === "stack_standing" ? await this.lacking(id, row.record) : await halfStackOf(this.db, id);
    if (lacking !== undefined) {
      this.refuse(kind, row, { code: "incomplete", message: `${lacking}; it does nothing until the rest is imported` });
      return;
    }
    const failure = await commit(this.db, [
      stillRestoring(this.db, owner, [id], this.by.file.sha256),
      ...this.standing(kind, id, row.record),
    ]);
    const refusal = failure === undefined ? undefined : refusalOf(failure);
    if (refusal !== undefined) {
      this.refuse(kind, row, refusal);
      return;
    }
    if (failure !== undefined)
      await reading(Promise.reject(new Error(failure.kind === "fault" ? failure.message : failure.column)));
    this.answer.new++;
    if (owner === "stack") this.answer.finished.push(id);
  }

  /** What is not there of a stack; undefined when its journal and its attempts are whole. */
  private async lacking(
    id: string,
    { journalSeq, attemptCount }: Record<string, unknown>,
  ): Promise<string | undefined> {
    const counted = await reading(
      this.db.$client
        .prepare(
          `SELECT (SELECT count(*) FROM journal WHERE stack_id = ?1) AS facts,
             (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM journal WHERE stack_id = ?1) AS span,
             (SELECT coalesce(max(seq), 0) FROM journal WHERE stack_id = ?1) AS last,
             (SELECT coalesce(max(number), 0) FROM maintenance_attempts WHERE stack_id = ?1) AS attempts`,
        )
        .bind(id)
        .first<{ facts: number; span: number; last: number; attempts: number }>(),
    );
    if (counted === null) return undefined;
    if (counted.facts !== counted.span) return `stack '${id}' has gaps in its journal`;
    if (counted.last !== journalSeq)
      return `stack '${id}' has its journal up to ${counted.last} of ${String(journalSeq)}`;
    if (counted.attempts !== attemptCount)
      return `stack '${id}' has attempts up to ${counted.attempts} of ${String(attemptCount)}`;
    return undefined;
  }

  private standing(
    kind: "stack_standing" | "source_standing",
    id: string,
    record: Record<string, unknown>,
  ): Statement[] {
    const { table, columns } = KINDS[kind];
    const values: unknown[] = [];
    const sets = columns
      .filter(([property]) => property !== "id")
      .map(([property, column]) => {
        const value = toldValue(record, property, column);
        values.push(value === null ? null : column.mapToDriverValue(value));
        return `"${column.name}" = ?${values.length + 1}`;
      });
    const prepare = (text: string, ...bound: unknown[]): Statement => this.db.$client.prepare(text).bind(...bound);
    return [
      prepare(`UPDATE "${getTableName(table)}" SET ${sets.join(", ")} WHERE "id" = ?1`, id, ...values),
      // In the same commit: what stands says who brought it.
      ...(kind === "stack_standing"
        ? [
            prepare(
              "INSERT OR IGNORE INTO stack_imports (stack_id, import_id, at) VALUES (?1, ?2, ?3)",
              id,
              this.by.id,
              this.by.now,
            ),
          ]
        : []),
      // After it: what changes a stack's declaration plans its forecasts anew.
      ...(kind === "stack_standing" ? this.plan(id, record.plan as Plan) : []),
      prepare(
        "DELETE FROM restorations WHERE kind = ?1 AND id = ?2",
        kind === "stack_standing" ? "stack" : "source",
        id,
      ),
    ];
  }

  private plan(id: string, plan: Plan): Statement[] {
    const prepare = (text: string, ...bound: unknown[]): Statement => this.db.$client.prepare(text).bind(...bound);
    const gone = prepare("DELETE FROM forecast_plans WHERE stack_id = ?1", id);
    if (plan === null) return [gone];
    const { everySeconds, labels, dueAt, nonce, runner, count } = plan;
    return [
      gone,
      prepare(
        `INSERT INTO forecast_plans (stack_id, every_seconds, labels, due_at, nonce, runner, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
        id,
        everySeconds,
        JSON.stringify(labels),
        dueAt,
        nonce,
        runner,
        count,
      ),
    ];
  }

  private refuse(kind: RecordKind, { index, key }: Row, refusal: Refusal): void {
    this.answer.refused.push({ index, kind, key, ...refusal });
  }
}

/** Equal but for what may differ in passing. */
function sameRecord(kind: RecordKind, a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const { columns, passing, schema } = KINDS[kind];
  const text = (record: Record<string, unknown>) =>
    JSON.stringify([
      ...columns
        .filter(([property]) => !passing.includes(property))
        .map(([property, column]) => toldValue(record, property, column)),
      record.plan ?? null,
    ]);
  if (text(a) === text(b)) return true;
  // What an older version wrote may lack what has a default today.
  const [one, other] = [schema.safeParse(a), schema.safeParse(b)];
  return one.success && other.success && text(one.data) === text(other.data);
}

/** What a failed write says of the record; undefined where it says nothing of it. */
function refusalOf(
  failure: { kind: "constraint"; column: string } | { kind: "fault"; message: string },
): Refusal | undefined {
  if (failure.kind === "constraint")
    return { code: "taken", message: `another record has the same ${failure.column.replace(/^.*\./, "")}` };
  if (failure.message.includes(STANDS_NOW))
    return {
      code: "in_use",
      message:
        "what this belongs to is no longer restored from this file: another import finished it, or it was given up",
    };
  if (failure.message.includes("FOREIGN KEY"))
    return { code: "missing", message: "what it refers to is not there, and not in the lines before it" };
  return undefined;
}
