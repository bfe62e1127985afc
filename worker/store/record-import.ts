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
import type { RecordKind, RecordsAnswer } from "../contract/record.ts";
import type { ImportFile } from "../contract/record-import.ts";
import { commit, type Database, insertRows, reading, type Statement } from "./database.ts";
import { KINDS } from "./record-kinds.ts";
import { columnsOf, keyText, ownerOf, recordOf, sameRecord } from "./record-line.ts";
import { lackingOf, standingStatements } from "./record-standing.ts";
import { ELSEWHERE, type Refusal, readLine, refusalOf, whyNot } from "./record-verdict.ts";
import { halfStackOf, type OwnerState, ownerStates, stillRestoring } from "./restorations.ts";

type Row = { index: number; record: Record<string, unknown>; key: string };

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
    const read = readLine(line);
    if (read.ok) return { index, ...read.value };
    this.answer.refused.push({ index, ...read.failure });
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
      const refusal = whyNot(kind, row.record, there, state);
      if (refusal === "same") this.answer.same++;
      else if (refusal === undefined) writes.push(row);
      else this.refuse(kind, row, refusal);
    }
    await this.write(kind, writes);
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
    const lacking =
      kind === "stack_standing" ? await lackingOf(this.db, id, row.record) : await halfStackOf(this.db, id);
    if (lacking !== undefined) {
      this.refuse(kind, row, { code: "incomplete", message: `${lacking}; it does nothing until the rest is imported` });
      return;
    }
    const failure = await commit(this.db, [
      stillRestoring(this.db, owner, [id], this.by.file.sha256),
      ...standingStatements(this.db, this.by, kind, id, row.record),
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

  private refuse(kind: RecordKind, { index, key }: Row, refusal: Refusal): void {
    this.answer.refused.push({ index, kind, key, ...refusal });
  }
}
