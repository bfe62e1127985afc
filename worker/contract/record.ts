/**
 * The record as one stream of lines: what `export` writes and `import` reads. One line is one record of one
 * kind, as the database holds it, without the numbers that only order rows there.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Timestamp } from "./primitives.ts";
import { ImportId } from "./record-import.ts";

/** Of the lines' form: raised when an older import could not read them any more. */
export const RECORD_VERSION = 1;

/**
 * In the order in which an export gives them. What a stack or a source stands on comes last, so that what
 * is read of it before is not newer; see {@link IMPORT_PASSES} for the order of an import.
 */
export const RecordKind = z
  .enum([
    "stack",
    "source",
    "source_stack",
    "entry",
    "signal",
    "journal",
    "event",
    "delivery",
    "attempt",
    "report",
    "earlier_report",
    "dispatch",
    "candidate",
    "effect",
    "forecast",
    "runner",
    "token",
    "credential",
    "import",
    "stack_import",
    "source_standing",
    "stack_standing",
  ])
  .openapi("RecordKind");
export type RecordKind = z.infer<typeof RecordKind>;

/** An import goes through the lines once for each of these: what others refer to first, what ends it last. */
export const IMPORT_PASSES: readonly (readonly RecordKind[])[] = [
  ["stack", "source", "event", "import"],
  [
    "source_stack",
    "entry",
    "signal",
    "journal",
    "delivery",
    "attempt",
    "forecast",
    "runner",
    "token",
    "credential",
    "stack_import",
  ],
  ["report", "earlier_report", "dispatch", "candidate", "effect"],
  // A source that polls before its stacks are there would tell them nothing of what it finds.
  ["stack_standing"],
  ["source_standing"],
];

export const RecordLine = z
  .strictObject({ kind: RecordKind, record: z.record(z.string(), z.unknown()) })
  .openapi("RecordLine");
export type RecordLine = z.infer<typeof RecordLine>;

/** `GET /records`: one page; without `nextCursor` it is the last. */
export const RecordPage = z
  .object({ v: z.literal(RECORD_VERSION), records: z.array(RecordLine), nextCursor: z.string().optional() })
  .openapi("RecordPage");
export type RecordPage = z.infer<typeof RecordPage>;

/** Lines that one `POST /records` takes, and its body, bytes. */
export const MOST_RECORDS = 500;
export const MAX_RECORDS_BODY = 8 * 1024 * 1024;

export const RecordsInput = z
  .strictObject({
    v: z.literal(RECORD_VERSION),
    /** Of `POST /imports`: nothing comes in without a record of who brought it. */
    import: ImportId,
    records: z.array(z.unknown()).min(1).max(MOST_RECORDS),
  })
  .openapi("RecordsInput");

export const RefusedRecord = z
  .object({
    /** Its place in the request, from 0. */
    index: z.int(),
    kind: z.string(),
    key: z.string(),
    code: z.enum(["invalid", "differs", "in_use", "missing", "taken", "incomplete"]),
    message: z.string(),
  })
  .openapi("RefusedRecord");
export type RefusedRecord = z.infer<typeof RefusedRecord>;

export const RecordsAnswer = z
  .object({ new: z.int(), same: z.int(), refused: z.array(RefusedRecord) })
  .openapi("RecordsAnswer");
export type RecordsAnswer = z.infer<typeof RecordsAnswer>;

/** First line of a file. */
export const ExportHeader = z.strictObject({
  export: z.literal("patch.moi"),
  v: z.int(),
  /** Of the command line that wrote it. */
  version: z.string(),
  at: Timestamp,
  /** Address of the deployment that it is of. */
  server: z.string().optional(),
  /** They are opened by the deployment's own keys only. */
  credentials: z.enum(["sealed", "left_out"]),
});
export type ExportHeader = z.infer<typeof ExportHeader>;

/** Last line of a file: one without it was cut short. */
export const ExportTrailer = z.strictObject({
  end: z.literal(true),
  records: z.int(),
  kinds: z.partialRecord(RecordKind, z.int()),
  /** SHA-256 of all lines between header and trailer with their newlines, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ExportTrailer = z.infer<typeof ExportTrailer>;

/** `GET /records/stacks/{id}`: what the stack's journal says happened after `afterSeq`, and where that left it. */
export const MovedQuery = z.object({ afterSeq: z.coerce.number().int().min(0) });
export const MovedParams = z.object({ id: Name });
