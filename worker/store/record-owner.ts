/**
 * Whose a record is by its own names. An import may restore a stack while others are at work: no line of the one
 * may take, or put something beside, what another's names say is that one's.
 *
 * @module
 */
import type { RecordKind } from "../contract/record.ts";

/** What is named, and whether its name is one that this record's stack gives. */
type Named = readonly [property: string, fits: (name: string) => boolean];

/**
 * The property that names something of another stack, and the name; undefined when all are the stack's own.
 * The record has the shape of its kind.
 */
export function foreignName(
  kind: RecordKind,
  record: Record<string, unknown>,
): { property: string; name: string } | undefined {
  for (const [property, fits] of namesOf(kind, record)) {
    const name = record[property];
    if (typeof name === "string" && !fits(name)) return { property, name };
  }
  return undefined;
}

function namesOf(kind: RecordKind, record: Record<string, unknown>): readonly Named[] {
  const stack = String(record.stackId);
  // Where there is no attempt nothing is called by it: no name begins with a dot or a colon.
  const attempt = typeof record.attemptId === "string" ? record.attemptId : "";
  const ofStack = (name: string) => name.startsWith(`${stack}.`) && /^[1-9][0-9]*$/.test(name.slice(stack.length + 1));
  switch (kind) {
    case "attempt":
      return [
        ["id", (id) => id === `${stack}.${String(record.number)}`],
        ["relatedAttemptId", ofStack],
        ["landsAttemptId", ofStack],
      ];
    case "journal":
      return [["attemptId", ofStack]];
    case "dispatch":
      return [
        ["attemptId", ofStack],
        ["id", (id) => id === `${attempt}.${String(record.epoch)}`],
      ];
    case "candidate":
      return [
        ["attemptId", ofStack],
        ["id", (id) => id.startsWith(`${attempt}.c`)],
      ];
    case "effect":
      return [
        ["attemptId", ofStack],
        // Of a hand-over, of an attempt, or an answer to a comment.
        ["id", (id) => [`${attempt}.`, `${attempt}:`, `${stack}:`].some((start) => id.startsWith(start))],
      ];
    default:
      return [];
  }
}
