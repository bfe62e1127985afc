/**
 * What all lists of the command line have in common: filters, pages, a table or a document.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { type Command, InvalidArgumentError } from "commander";
import { LIST_LIMIT } from "../../worker/contract/primitives.ts";
import { Unreadable } from "../../worker/contract/unreadable.ts";
import { colors } from "../client/colors.ts";
import type { Query } from "../client/edge-api.ts";
import { Session } from "../client/session.ts";
import { table } from "../client/table.ts";

export type ListCommand<S extends z.ZodType> = {
  /** The command, its path in the API and the key of the list in the answer. */
  name: string;
  path: readonly string[] | ((argument: string) => readonly string[]);
  /** What the list is of, for a path that needs it. */
  argument?: { name: string; description: string };
  key: string;
  description: string;
  item: S;
  /** Option `--x <value>` for each, sent as the query's `x`. */
  filters?: readonly { option: string; description: string; query: string }[];
  headings: readonly string[];
  row: (item: z.output<S>, now: number) => string[];
  examples: readonly string[];
};

type ListOptions = { limit?: number; cursor?: string } & Record<string, unknown>;

export function registerList<S extends z.ZodType>(program: Command, list: ListCommand<S>): Command {
  const command = program
    .command(list.name)
    .description(list.description)
    .option("--limit <n>", `how many, 1 to ${LIST_LIMIT.max} (${LIST_LIMIT.default} when not given)`, parseLimit)
    .option("--cursor <cursor>", "where the page before ended (its nextCursor)");
  for (const filter of list.filters ?? []) command.option(filter.option, filter.description);
  if (list.argument !== undefined) command.argument(`<${list.argument.name}>`, list.argument.description);
  command.addHelpText("after", examples(list.examples));
  command.action(async () => {
    const options: ListOptions = command.opts();
    const path = typeof list.path === "function" ? list.path(command.args[0] ?? "") : list.path;
    const session = Session.of(command);
    const query: Query = { limit: options.limit, cursor: options.cursor };
    for (const filter of list.filters ?? []) {
      const value = command.getOptionValue(optionName(filter.option)) as unknown;
      if (typeof value === "string") query[filter.query] = value;
    }
    const page = z.object({
      [list.key]: z.array(list.item),
      unreadable: z.array(Unreadable).optional(),
      nextCursor: z.string().nullish(),
    });
    const answer = await session.watch(`reading ${list.name}`, session.api().request({ path, query, answer: page }));
    const items = z.array(list.item).parse(answer.value[list.key]);
    const next = z.string().nullish().parse(answer.value.nextCursor);
    const unreadable = z.array(Unreadable).default([]).parse(answer.value.unreadable);
    session.answer(answer.raw, () => {
      const now = Date.now();
      const rows = items.map((item) => list.row(item, now));
      return [
        ...(rows.length === 0 ? [] : [table(list.headings, rows)]),
        ...(rows.length === 0 && unreadable.length === 0 ? [colors.dim(`no ${list.name}`)] : []),
        ...unreadable.map((one) => cannotBeRead(list.key.replace(/s$/, ""), one)),
        ...(next == null ? [] : [colors.dim(`more: --cursor ${next}`)]),
      ].join("\n");
    });
  });
  return command;
}

/** Of a stack or source that a newer version declared. */
export function cannotBeRead(kind: string, { id, problem }: Unreadable): string {
  return colors.red(`${kind} ${id} cannot be read by this version: ${problem}`);
}

/** `--stack <id>` is known to commander as `stack`. */
function optionName(option: string): string {
  const long = /--([a-z-]+)/.exec(option)?.[1] ?? option;
  return long.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > LIST_LIMIT.max)
    throw new InvalidArgumentError(`give a number from 1 to ${LIST_LIMIT.max}`);
  return limit;
}

/** The end of a command's help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ patch.moi ${line}`).join("\n")}\n`;
}
