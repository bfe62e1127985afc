/**
 * What is wrong with a value, in words for the person who wrote it; unknown fields and words are named with what was
 * probably meant. Importing this module sets it up for every schema of the process.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { closest, distance } from "fastest-levenshtein";

type RawIssue = Parameters<NonNullable<ReturnType<typeof z.config>["customError"]>>[0];

z.config({ customError: words });

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  null: "null",
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: "a time in UTC, as 2026-01-31T12:00:00Z",
  date: "a day, as 2026-01-31",
  url: "an address",
  base64: "base64",
};

function words(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is missing";
      if (issue.expected === "undefined" || issue.expected === "never") return "is not taken here";
      return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
    case "invalid_value":
      return oneOf(issue.values.map(String), issue.input);
    case "invalid_union": {
      const options = (issue as { options?: readonly unknown[] }).options ?? [];
      if (options.length > 0) return oneOf(options.map(String), discriminated(issue));
      // Each alternative has said what it wants; the same words once.
      const wants = issue.errors.map((problems) => describeIssues({ issues: problems }).join(" and "));
      return [...new Set(wants)].join(", or ");
    }
    case "unrecognized_keys": {
      const known = knownKeys(issue.inst);
      return issue.keys.map((key) => unknownField(key, known)).join("; ");
    }
    case "too_small":
      if (issue.minimum === 1 && (issue.origin === "string" || issue.origin === "array")) return "may not be empty";
      return `must ${sized(issue.origin, issue.minimum, issue.inclusive === false ? "more than" : "at least")}`;
    case "too_big":
      return `must ${sized(issue.origin, issue.maximum, issue.inclusive === false ? "less than" : "at most")}`;
    case "invalid_format": {
      const format = FORMATS[issue.format];
      return format === undefined ? undefined : `must be ${format}`;
    }
    default:
      return undefined;
  }
}

function kindOf(input: unknown): string {
  if (input === null) return "null";
  if (Array.isArray(input)) return "a list";
  return KINDS[typeof input] ?? typeof input;
}

function sized(origin: string, limit: number | bigint, bound: string): string {
  if (origin === "string") return `have ${bound} ${limit} characters`;
  return origin === "array" || origin === "set" || origin === "map"
    ? `have ${bound} ${limit} entries`
    : `be ${bound} ${limit}`;
}

function discriminated(issue: RawIssue): unknown {
  const { discriminator, input } = issue as { discriminator?: string; input?: unknown };
  return discriminator === undefined ? input : (input as Record<string, unknown> | undefined)?.[discriminator];
}

/** `must be one of supersede, queue, did you mean 'queue'?` */
function oneOf(known: readonly string[], given: unknown): string {
  if (given === undefined) return `is missing; ${known.length === 1 ? "it is" : "it is one of"} ${known.join(", ")}`;
  if (known.length === 1) return `must be ${known[0]}`;
  const near = typeof given === "string" ? likely(given, known) : undefined;
  return `must be one of ${known.join(", ")}${near === undefined ? "" : `; did you mean '${near}'?`}`;
}

/** `unknown field 'brach', did you mean 'branch'?` */
export function unknownField(key: string, known: readonly string[]): string {
  if (known.length === 0) return `unknown field '${key}'`;
  const near = likely(key, known);
  return near === undefined
    ? `unknown field '${key}'; known are ${known.join(", ")}`
    : `unknown field '${key}', did you mean '${near}'?`;
}

/** The one of the known words that was probably meant. Further than a third of the word away is a guess that misleads. */
function likely(given: string, known: readonly string[]): string | undefined {
  const near = closest(given.toLowerCase(), known);
  const most = Math.max(2, Math.ceil(near.length / 3));
  return distance(given.toLowerCase(), near.toLowerCase()) <= most ? near : undefined;
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
