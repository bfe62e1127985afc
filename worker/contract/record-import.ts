/**
 * Who brought an export in, from what, and what became of it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Timestamp } from "./primitives.ts";

/**
 * An import that has not ended and sent nothing for so long has broken off, milliseconds: a request is given up after
 * one minute, and going through the largest file for the next lines takes seconds.
 */
export const IMPORT_QUIET_MS = 2 * 60_000;

/** The file as its first and last lines describe it. */
export const ImportFile = z
  .strictObject({
    /** Of all records with their newlines, hex: what tells one file from another. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    records: z.int().min(0),
    /** When it was exported, and by which version of the command line. */
    at: Timestamp,
    version: z.string().max(100),
    /** Address of the deployment that it is of; files from before this was written down do not say. */
    server: z.string().max(500).optional(),
  })
  .openapi("ImportFile");
export type ImportFile = z.infer<typeof ImportFile>;

/** `POST /imports`: before the first lines. */
export const ImportInput = z.strictObject({ file: ImportFile }).openapi("ImportInput");

export const RecordImport = z
  .object({
    id: z.string(),
    /** Name of the token that brought it. */
    actor: z.string(),
    file: ImportFile,
    /** Records that were written, that were there already, and that were refused: of what was answered. */
    new: z.int(),
    same: z.int(),
    refused: z.int(),
    begunAt: Timestamp,
    /** When lines of it came last. */
    lastAt: Timestamp,
    /** Absent while it is under way, and when it broke off: then `lastAt` is long ago. */
    endedAt: Timestamp.optional(),
  })
  .openapi("RecordImport");
export type RecordImport = z.infer<typeof RecordImport>;

export const ImportList = z.object({ imports: z.array(RecordImport), nextCursor: z.string().optional() });

/** `stackId`: those that brought this stack. */
export const ImportFilter = { stackId: Name.optional() };

export const ImportId = z.string().regex(/^imp_[0-9a-f]{24}$/);

/** `POST /imports/{id}/give-up`: a step of it; again while there is `more`. */
export const GivenUp = z
  .object({ stacks: z.array(z.string()), sources: z.array(z.string()), more: z.boolean() })
  .openapi("GivenUp");
