/**
 * What the record holds about one stack, in one request to D1: its newest attempts, the sources that feed
 * it, and what became of each patch in its last reports.
 *
 * @module
 */
import { and, desc, eq, lt } from "drizzle-orm";
import { z } from "zod";
import { ImportFile } from "../contract/record-import.ts";
import { PatchOutcome } from "../contract/report.ts";
import type { StoredAttempt } from "./attempts.ts";
import { type Database, reading, readRow, statement } from "./database.ts";
import type { StackRow } from "./rows.ts";
import { attempts, imports, sourceStacks, stackImports, stacks } from "./schema.ts";

/** Attempts among which reports are looked for, and reports that are read of them. */
const REPORTS_AMONG = 60;
const REPORTS = 24;

const PastReport = z.object({
  attemptId: z.string(),
  number: z.int(),
  epoch: z.int(),
  onto: z.string(),
  /** Subject, time of authorship and outcome of each patch, in the stack's order. */
  patches: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.array(z.tuple([z.string(), z.string(), PatchOutcome]))),
});
export type PastReport = z.infer<typeof PastReport>;

const Brought = z.object({
  actor: z.string(),
  file: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(ImportFile),
  at: z.string(),
});
export type Brought = z.infer<typeof Brought>;

const Restoring = z.object({ since: z.string(), lastAt: z.string() });
export type Restoring = z.infer<typeof Restoring>;

/** A restoration from before imports were written down has no more than its beginning. */
const RESTORING = `SELECT since, coalesce((SELECT max(last_at) FROM imports
    WHERE json_extract(file, '$.sha256') = restorations.sha256), since) AS lastAt
  FROM restorations WHERE kind = 'stack' AND id = ?1`;

export type StackRecord = {
  stack: StackRow;
  /** When an import began it and lines of the file came last, while that is not finished: until then it counts as deleted. */
  restoring: Restoring | undefined;
  /** The import that brought it last, if one did. */
  brought: Brought | undefined;
  /** Newest first, one more than asked for. */
  attempts: StoredAttempt[];
  sourceIds: string[];
  /** Newest first. */
  reports: PastReport[];
};

/** Only what is shown of each report: the whole of one can be a megabyte. */
const pastReports = (table: "reports" | "earlier_reports"): string => `
  SELECT a.id AS attemptId, a.number, r.epoch, coalesce(a.tag, a.onto) AS onto,
    (SELECT json_group_array(json_array(substr(json_extract(p.value, '$.subject'), 1, 200),
       json_extract(p.value, '$.authoredAt'), json_extract(p.value, '$.outcome')))
     FROM json_each(r.report, '$.patches') AS p) AS patches
  FROM (SELECT id, number, tag, onto, position FROM maintenance_attempts WHERE stack_id = ?1
        ORDER BY position DESC LIMIT ${REPORTS_AMONG}) AS a
  CROSS JOIN ${table} AS r ON r.attempt_id = a.id
  WHERE json_array_length(r.report, '$.patches') > 0
  ORDER BY a.position DESC, r.epoch DESC LIMIT ${REPORTS}`;

export async function readStackRecord(
  db: Database,
  id: string,
  limit: number,
  before?: number,
): Promise<StackRecord | undefined> {
  const page = and(eq(attempts.stackId, id), before === undefined ? undefined : lt(attempts.position, before));
  const [found, newest, sources, last, earlier, begun, brought] = await reading(
    db.$client.batch([
      statement(db, db.select().from(stacks).where(eq(stacks.id, id)).limit(1)),
      statement(
        db,
        db
          .select()
          .from(attempts)
          .where(page)
          .orderBy(desc(attempts.position))
          .limit(limit + 1),
      ),
      statement(db, db.select({ id: sourceStacks.sourceId }).from(sourceStacks).where(eq(sourceStacks.stackId, id))),
      db.$client.prepare(pastReports("reports")).bind(id),
      db.$client.prepare(pastReports("earlier_reports")).bind(id),
      db.$client.prepare(RESTORING).bind(id),
      statement(
        db,
        db
          .select({ actor: imports.actor, file: imports.file, at: stackImports.at })
          .from(stackImports)
          .innerJoin(imports, eq(imports.id, stackImports.importId))
          .where(eq(stackImports.stackId, id))
          .orderBy(desc(stackImports.at))
          .limit(1),
      ),
    ]),
  );
  const stack = found?.results[0];
  if (stack === undefined) return undefined;
  return {
    stack: readRow(stacks, stack),
    restoring: Restoring.array().parse(begun?.results)[0],
    brought: Brought.array().parse(brought?.results)[0],
    attempts: (newest?.results ?? []).map((row) => readRow(attempts, row)),
    sourceIds: z
      .array(z.object({ source_id: z.string() }))
      .parse(sources?.results)
      .map((row) => row.source_id),
    reports: PastReport.array()
      .parse([...(last?.results ?? []), ...(earlier?.results ?? [])])
      .sort((a, b) => b.number - a.number || b.epoch - a.epoch)
      .slice(0, REPORTS),
  };
}
