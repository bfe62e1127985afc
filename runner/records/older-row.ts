/**
 * What a line of the older service says, under any of the names that a field may have.
 *
 * @module
 */

export type Json = Record<string, unknown>;

/** The last line of each id. */
export function newest(rows: readonly Json[]): Json[] {
  const byId = new Map<string, Json>();
  for (const [i, row] of rows.entries()) {
    const id = textOf(row, "id", "attemptId", "eventId") ?? `#${i}`;
    byId.set(id, { ...byId.get(id), ...row });
  }
  return [...byId.values()];
}

/** For what does not say when it was. */
export const EPOCH = "1970-01-01T00:00:00.000Z";

export function timeOf(row: Json, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = row[name];
    const ms =
      typeof value === "number"
        ? value < 1e11
          ? value * 1000
          : value
        : typeof value === "string"
          ? Date.parse(value)
          : Number.NaN;
    if (Number.isFinite(ms) && Math.abs(ms) < 8e15) return new Date(ms).toISOString();
  }
  return undefined;
}

export function textOf(row: Json, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = row[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
