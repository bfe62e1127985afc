/**
 * A JSON file that a person wrote: comments and trailing commas are fine, and what is wrong in it is
 * said with line, column, and the field that was probably meant.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import "../../worker/contract/issue-words.ts";
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { CommandFailure } from "../client/command-failure.ts";
import { readInput } from "./input-file.ts";

/** How many things wrong one message names. */
const NAMED = 5;

/** Reads and parses; throws a usage failure with code `invalid_file` that names everything wrong. */
export function readDocument<S extends z.ZodType>(
  path: string,
  schema: S,
  without: readonly string[] = [],
): z.output<S> {
  return readDocumentAs(path, () => schema, without);
}

/** As {@link readDocument}, where what it is shows only when it was read. */
export function readDocumentAs<S extends z.ZodType>(
  path: string,
  choose: (document: unknown) => S,
  without: readonly string[] = [],
): z.output<S> {
  const text = readInput(path);
  if (text.trim() === "") throw invalid(path, ["the file is empty"]);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [first] = errors;
  if (first !== undefined)
    throw invalid(path, [`${place(text, first.offset)}: ${printParseErrorCode(first.error)}, so it is not JSON`]);
  if (tree === undefined) throw invalid(path, ["there is nothing but comments in it"]);
  const document = leaveOut(getNodeValue(tree) as unknown, without);
  const parsed = choose(document).safeParse(document);
  if (parsed.success) return parsed.data;
  throw invalid(
    path,
    parsed.error.issues.map((issue) => describeIssue(issue, tree, text)),
  );
}

function invalid(path: string, wrong: readonly string[]): CommandFailure {
  const more = wrong.length > NAMED ? `; and ${wrong.length - NAMED} more` : "";
  return new CommandFailure("invalid_file", `${path}: ${wrong.slice(0, NAMED).join("; ")}${more}`, 2);
}

type Issue = z.ZodError["issues"][number];

function describeIssue(issue: Issue, tree: Node, text: string): string {
  // An unknown field is looked for by its own name; the message names it and what was meant.
  const at = issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
  const name = issue.path.map(String).join(".");
  return `${place(text, nodeAt(tree, at))}: ${name === "" ? "" : `${name}: `}${issue.message}`;
}

/** Offset of the node at a path, or of the deepest one that is there. */
function nodeAt(tree: Node, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const segments = path.slice(0, length).map((segment) => (typeof segment === "symbol" ? "" : segment));
    const node = findNodeAtLocation(tree, segments);
    if (node === undefined) continue;
    // The field's name stands before its value, and is what a person looks for.
    return node.parent?.type === "property" ? node.parent.offset : node.offset;
  }
  return tree.offset;
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${offset - (before.lastIndexOf("\n") + 1) + 1}`;
}

function leaveOut(document: unknown, names: readonly string[]): unknown {
  if (names.length === 0 || typeof document !== "object" || document === null || Array.isArray(document))
    return document;
  return Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));
}
