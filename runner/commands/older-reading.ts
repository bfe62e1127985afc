/**
 * Reads fields of an older file and keeps account: what was taken as what, what was left out, and
 * what cannot be understood.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { closest, distance } from "fastest-levenshtein";
import { Name } from "../../worker/contract/primitives.ts";

type Path = readonly PropertyKey[];

export class OlderReading {
  readonly notes: string[] = [];
  readonly #at: Path;
  readonly #ctx: z.RefinementCtx;

  constructor(at: Path, ctx: z.RefinementCtx) {
    this.#at = at;
    this.#ctx = ctx;
  }

  note(text: string): void {
    this.notes.push(text);
  }

  refuse(path: Path, message: string): void {
    this.#ctx.addIssue({ code: "custom", path: [...this.#at, ...path], message });
  }

  /**
   * The fields that are known. Others are left out and told; one that looks like a slip of the pen for
   * a known one is refused, since leaving it out would lose what it says.
   */
  known(given: Readonly<Record<string, unknown>>, path: Path, names: readonly string[]): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      if (names.includes(name)) {
        if (value !== null) kept[name] = value;
        continue;
      }
      const near = closest(name.toLowerCase(), names);
      if (distance(name.toLowerCase(), near.toLowerCase()) <= Math.min(2, near.length / 3) && !(near in given))
        this.refuse([...path, name], `unknown field '${name}', did you mean '${near}'?`);
      else this.note(`left out, unknown here: ${[...path, name].join(".")}`);
    }
    return kept;
  }

  /** An id as it may be here: what else it holds is written as a dash. */
  name(given: unknown, path: Path): string | undefined {
    if (typeof given !== "string" || given === "") return unreadable(this, path, "is missing");
    if (Name.safeParse(given).success) return given;
    const name = given
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, "-")
      .replaceAll(/\.{2,}/g, ".")
      .replace(/^[._-]+/, "")
      .slice(0, 64)
      .replace(/(?:[._-]|\.lock)+$/, "");
    if (!Name.safeParse(name).success) return unreadable(this, path, `'${given}' has nothing that an id may hold`);
    this.note(`${path.join(".")} '${given}' is '${name}' here`);
    return name;
  }

  /** The first of several names for one thing; the others must say the same. */
  either(fields: Record<string, unknown>, path: Path, names: readonly string[]): string | undefined {
    const given = names.filter((name) => fields[name] !== undefined);
    const [first] = given;
    if (first === undefined) return undefined;
    const value = fields[first];
    for (const name of given)
      if (fields[name] !== value) this.refuse([...path, name], `says something else than '${first}'`);
    if (typeof value !== "string" || value.trim() === "") return unreadable(this, [...path, first], "must be text");
    if (first !== names[0]) this.note(`${[...path, first].join(".")} is taken as ${names[0]}`);
    return value.trim();
  }
}

export function unreadable(reading: OlderReading, path: Path, message: string): undefined {
  reading.refuse(path, message);
  return undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
