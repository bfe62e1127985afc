/**
 * A column that holds what an operator declared, as JSON. It is read as this version knows it: what an older
 * version wrote lacks what came later, and gets its default here, so that nothing beyond has to know.
 *
 * @module
 */
import { customType } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { describeIssues } from "../contract/issue-words.ts";

/** Texts of one column whose meaning is remembered: the same stack is read again and again. */
const REMEMBERED = 100;

/** Of what is told of a declaration that cannot be read, characters. */
const LONGEST_PROBLEM = 500;

/** Raised for a declaration that this version cannot read: a newer one took it and was taken back, or somebody else wrote it. */
export class UnreadableDeclaration extends Error {
  override name = "UnreadableDeclaration";
  /** What in it is not known, for a person. */
  readonly problem: string;

  constructor(what: string, problem: string) {
    super(
      `the declaration of ${what} holds what this version does not know (${problem}): deploy the version that took it, ` +
        "or declare it again",
    );
    this.problem = problem;
  }

  /** The same of one that has a name: `stack 'web'`. */
  of(name: string): UnreadableDeclaration {
    return new UnreadableDeclaration(name, this.problem);
  }
}

/** Reads what has a name, which a declaration that cannot be read is told with. */
export async function readingOf<T>(name: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    throw error instanceof UnreadableDeclaration ? error.of(name) : error;
  }
}

/** The unreadable declaration that an error is about: drizzle wraps what a column throws. */
export function unreadableIn(error: unknown): UnreadableDeclaration | undefined {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof UnreadableDeclaration) return e;
  return undefined;
}

/**
 * @param what is declared, with its article
 * @param parse of the contract
 */
export function declared<T>(what: string, parse: (value: unknown) => T) {
  const remembered = new Map<string, T>();
  return customType<{ data: T; driverData: string }>({
    dataType: () => "text",
    // Nobody changes what was read, so who reads the same text may be given the same value.
    fromDriver: (text) => {
      const known = remembered.get(text);
      if (known !== undefined) return known;
      const value = readDeclared(what, text, parse);
      const [oldest] = remembered.keys();
      if (oldest !== undefined && remembered.size >= REMEMBERED) remembered.delete(oldest);
      remembered.set(text, value);
      return value;
    },
    toDriver: (value) => JSON.stringify(value),
  });
}

function readDeclared<T>(what: string, text: string, parse: (value: unknown) => T): T {
  try {
    return parse(JSON.parse(text) as unknown);
  } catch (error) {
    const problem =
      error instanceof z.ZodError ? describeIssues({ issues: error.issues.map(short) }).join("; ") : String(error);
    throw new UnreadableDeclaration(what, problem.slice(0, LONGEST_PROBLEM));
  }
}

/** What this version knows is of no use to who looks at what it does not. */
function short(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string } {
  if (issue.code !== "unrecognized_keys") return issue;
  return { path: issue.path, message: issue.keys.map((key) => `unknown field '${key}'`).join("; ") };
}
