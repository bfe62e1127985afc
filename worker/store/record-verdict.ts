/**
 * What becomes of a record that an import brings: written, there already, or refused, and why. Pure.
 *
 * @module
 */
import { type RecordKind, RecordLine, type RefusedRecord } from "../contract/record.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { StorageFailure } from "./database.ts";
import { KINDS } from "./record-kinds.ts";
import { keyText, ownerOf, sameRecord } from "./record-line.ts";
import { foreignName } from "./record-owner.ts";
import { type OwnerState, STANDS_NOW } from "./restorations.ts";

export type Refusal = Omit<RefusedRecord, "index" | "kind" | "key">;

type Read = RecordLine & { key: string };

/** A line as the record of its kind that it is, with what names it. */
export function readLine(line: unknown): Result<Read, Refusal & { kind: string; key: string }> {
  const parsed = RecordLine.safeParse(line);
  if (!parsed.success) {
    const message = `is no line of an export: ${parsed.error.issues[0]?.message ?? "unreadable"}`;
    return fail({ kind: "?", key: "?", code: "invalid", message });
  }
  const { kind, record } = parsed.data;
  const key = keyText(kind, record);
  const refused = (message: string) => fail({ kind, key, code: "invalid" as const, message });
  const checked = KINDS[kind].schema.safeParse(record);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return refused(`${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "unreadable"}`);
  }
  const foreign = foreignName(kind, record);
  return foreign === undefined
    ? ok({ kind, record, key })
    : refused(`${foreign.property}: '${foreign.name}' is not of stack '${ownerOf(kind, record)}'`);
}

/** Two files would be mixed in it, and nobody could tell. */
export const ELSEWHERE = "is being restored from another file: import that one again, or give its import up";

/**
 * Why a record is not written: `same` where it is there already, undefined where it is to be written.
 *
 * @param there what this deployment has under its key
 * @param state what its owner is to this import; undefined for what has none
 */
export function whyNot(
  kind: RecordKind,
  record: Record<string, unknown>,
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

/** What a failed write says of the record; undefined where it says nothing of it. */
export function refusalOf(failure: StorageFailure): Refusal | undefined {
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
