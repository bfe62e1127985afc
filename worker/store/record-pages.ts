/**
 * Reads the record page by page, in the order in which its rows were written: what a page costs in rows
 * read is what it gives, however large the record is.
 *
 * @module
 */
import { getTableName } from "drizzle-orm";
import { RecordKind, type RecordLine } from "../contract/record.ts";
import { type Database, reading } from "./database.ts";
import { KINDS } from "./record-kinds.ts";
import { columnsOf, recordOf } from "./record-line.ts";

/** Where a page begins: after this row of this kind. */
export type RecordPosition = { kind: RecordKind; after: number };

/** A page that has so many rows, or so many characters of text, is not filled up further: one report may have a million. */
const FULL = 250;
const FULL_TEXT = 2_000_000;

export const FIRST: RecordPosition = { kind: "stack", after: 0 };

/** One page; `next` is undefined after the last. */
export async function readRecords(
  db: Database,
  from: RecordPosition,
): Promise<{ lines: RecordLine[]; next: RecordPosition | undefined }> {
  const lines: RecordLine[] = [];
  let position: RecordPosition | undefined = from;
  let size = 0;
  while (position !== undefined && lines.length < FULL && size < FULL_TEXT) {
    const read = await readRows(db, position);
    lines.push(...read.lines);
    size += read.size;
    position = read.next;
  }
  return { lines, next: position };
}

async function readRows(
  db: Database,
  { kind, after }: RecordPosition,
): Promise<{ lines: RecordLine[]; size: number; next: RecordPosition | undefined }> {
  const { table, page } = KINDS[kind];
  const name = getTableName(table);
  const text = `SELECT "${name}".rowid AS at_row, ${columnsOf(kind)} FROM "${name}"
    WHERE "${name}".rowid > ?1 ORDER BY "${name}".rowid LIMIT ?2`;
  const { results } = await reading(db.$client.prepare(text).bind(after, page).all<{ at_row: number }>());
  const lines = results.map((row) => ({ kind, record: recordOf(kind, row) }));
  const last = results.length < page ? undefined : results.at(-1);
  return { lines, size: sizeOf(results), next: last === undefined ? following(kind) : { kind, after: last.at_row } };
}

/** Characters of all texts. */
function sizeOf(rows: readonly Record<string, unknown>[]): number {
  let size = 0;
  for (const row of rows) for (const value of Object.values(row)) if (typeof value === "string") size += value.length;
  return size;
}

function following(kind: RecordKind): RecordPosition | undefined {
  const next = RecordKind.options[RecordKind.options.indexOf(kind) + 1];
  return next === undefined ? undefined : { kind: next, after: 0 };
}

/** Journal rows that are followed in one step. */
const STEP = 200;

/** Rows of the attempts that the journal names after `?2`. */
const MOVED = `(SELECT DISTINCT attempt_id FROM (SELECT attempt_id FROM journal WHERE stack_id = ?1 AND seq > ?2
  ORDER BY seq LIMIT ${STEP}) WHERE attempt_id IS NOT NULL)`;

const OF_ATTEMPTS: readonly (readonly [RecordKind, string])[] = [
  ["event", `id IN (SELECT event_id FROM maintenance_attempts WHERE id IN ${MOVED})`],
  ["delivery", `stack_id = ?1 AND event_id IN (SELECT event_id FROM maintenance_attempts WHERE id IN ${MOVED})`],
  ["attempt", `id IN ${MOVED}`],
  ["report", `attempt_id IN ${MOVED}`],
  ["earlier_report", `attempt_id IN ${MOVED}`],
  ["dispatch", `attempt_id IN ${MOVED}`],
  ["candidate", `attempt_id IN ${MOVED}`],
  ["effect", `stack_id = ?1 AND attempt_id IN ${MOVED}`],
];

/**
 * What happened in a stack since journal row `afterSeq`, as of one moment: for an export that has read the rest
 * before. Without `more` the last line is where the stack stands.
 */
export async function readMoved(
  db: Database,
  stackId: string,
  afterSeq: number,
): Promise<{ lines: RecordLine[]; more: boolean }> {
  const prepare = (kind: RecordKind, where: string, both = true) => {
    const text = `SELECT ${columnsOf(kind)} FROM "${getTableName(KINDS[kind].table)}" WHERE ${where}`;
    return db.$client.prepare(text).bind(...(both ? [stackId, afterSeq] : [stackId]));
  };
  const kinds: readonly (readonly [RecordKind, string, boolean])[] = [
    ["journal", `stack_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ${STEP}`, true],
    ...OF_ATTEMPTS.map(([kind, where]) => [kind, where, where.includes("?2")] as const),
    ["stack_standing", "id = ?1", false],
  ];
  const answers = await reading(db.$client.batch(kinds.map(([kind, where, both]) => prepare(kind, where, both))));
  const more = answers[0]?.results.length === STEP;
  const lines = kinds.flatMap(([kind], i) =>
    more && kind === "stack_standing"
      ? []
      : (answers[i]?.results ?? []).map((row) => ({ kind, record: recordOf(kind, row) })),
  );
  return { lines, more };
}
