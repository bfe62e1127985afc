/**
 * Unknown fields are named with what was probably meant. Importing this module sets it up for every
 * schema of the process.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { closest, distance } from "fastest-levenshtein";

z.config({
  customError: (issue) => {
    if (issue.code === "invalid_type" && issue.input === undefined) return "is missing";
    if (issue.code !== "unrecognized_keys") return undefined;
    const known = knownKeys(issue.inst);
    return issue.keys.map((key) => unknownField(key, known)).join("; ");
  },
});

/** `unknown field 'brach', did you mean 'branch'?` */
export function unknownField(key: string, known: readonly string[]): string {
  if (known.length === 0) return `unknown field '${key}'`;
  const near = closest(key.toLowerCase(), known);
  // Further than a third of the word away is a guess that misleads.
  const likely = distance(key.toLowerCase(), near.toLowerCase()) <= Math.max(2, Math.ceil(near.length / 3));
  return likely
    ? `unknown field '${key}', did you mean '${near}'?`
    : `unknown field '${key}'; known are ${known.join(", ")}`;
}

function knownKeys(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** One line per problem: `policy.verfy: unknown field …`. */
export function describeIssues(error: { issues: readonly { path: PropertyKey[]; message: string }[] }): string[] {
  return error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.map(String).join(".")}: ${issue.message}`,
  );
}
