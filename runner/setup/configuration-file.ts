/**
 * `patch-moi.json` as a person keeps it: entries are added and fields set in place, with comments, order and
 * form as they stand.
 *
 * @module
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "@hono/zod-openapi";
import { applyEdits, type FormattingOptions, modify, type ParseError, parse } from "jsonc-parser";
import { Configuration } from "../../worker/contract/configuration.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { readDocument } from "../commands/document-file.ts";
import type { Entry, Fragment } from "./stack-proposal.ts";

const FORM: FormattingOptions = { insertSpaces: true, tabSize: 2, eol: "\n" };

const Shape = z.looseObject({
  stacks: z.array(z.looseObject({ id: z.string() })).default([]),
  sources: z.array(z.looseObject({ id: z.string() })).default([]),
});

export type ConfigurationFile = { path: string; text: string; configuration: Configuration };

/** The file as it stands; an empty configuration where there is none. */
export function openConfiguration(path: string): ConfigurationFile {
  if (!existsSync(path)) return { path, text: "{}\n", configuration: Configuration.parse({}) };
  return { path, text: readFileSync(path, "utf8"), configuration: readDocument(path, Configuration) };
}

/** The text with those entries of a fragment that it does not have; what it has is left as it is. */
export function withEntries(text: string, fragment: Fragment): string {
  let edited = text;
  for (const kind of ["stacks", "sources"] as const)
    for (const entry of fragment[kind]) {
      const there = read(edited)[kind];
      if (there.some(({ id }) => id === entry.id)) continue;
      edited = set(edited, [kind, ...(there.length === 0 ? [] : [there.length])], there.length === 0 ? [entry] : entry);
    }
  return edited;
}

/** The text with one field of a stack set; as it was when it has no such stack. */
export function withStackField(text: string, id: string, path: readonly string[], value: unknown): string {
  const at = read(text).stacks.findIndex((stack) => stack.id === id);
  return at === -1 ? text : set(text, ["stacks", at, ...path], value);
}

/** The configuration that a text is. */
export function configurationOf(text: string): Configuration {
  return Configuration.parse(document(text));
}

/** Written whole or not at all, and only if it is a configuration. */
export function saveConfiguration(path: string, text: string): Configuration {
  const parsed = Configuration.safeParse(document(text));
  if (!parsed.success)
    throw new CommandFailure(
      "invalid_file",
      `what would be written to ${path} is no configuration: ${parsed.error.message}`,
    );
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, text);
  renameSync(draft, path);
  return parsed.data;
}

export function asJson(fragment: Fragment): string {
  return JSON.stringify(fragment satisfies { stacks: Entry[]; sources: Entry[] }, null, 2);
}

function set(text: string, path: (string | number)[], value: unknown): string {
  const edited = applyEdits(text, modify(text, path, value, { formattingOptions: FORM, isArrayInsertion: false }));
  return edited.endsWith("\n") ? edited : `${edited}\n`;
}

function read(text: string): z.infer<typeof Shape> {
  return Shape.parse(document(text));
}

function document(text: string): unknown {
  const errors: ParseError[] = [];
  return parse(text, errors, { allowTrailingComma: true, disallowComments: false }) as unknown;
}
