/**
 * The field names that a schema knows at a path, for suggestions.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let reached = [schema];
  for (const segment of path) reached = reached.flatMap((one) => step(one, segment));
  return [
    ...new Set(
      reached
        .flatMap((one) => unwrap(one))
        .flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])),
    ),
  ];
}

function step(schema: z.ZodType, segment: PropertyKey): z.ZodType[] {
  return unwrap(schema).flatMap((one) => {
    if (one instanceof z.ZodArray) return isType(one.element) ? [one.element] : [];
    if (!(one instanceof z.ZodObject) || typeof segment !== "string") return [];
    const found = Object.entries<unknown>(one.shape).find(([name]) => name === segment)?.[1];
    return isType(found) ? [found] : [];
  });
}

/** What stands behind defaults and optionality; all members of a union. */
function unwrap(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.filter(isType).flatMap((option) => unwrap(option));
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
  ) {
    const inner = schema.unwrap();
    return isType(inner) ? unwrap(inner) : [];
  }
  return [schema];
}

function isType(value: unknown): value is z.ZodType {
  return value instanceof z.ZodType;
}
