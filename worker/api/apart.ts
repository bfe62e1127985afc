/**
 * What this version cannot read of a list, beside what it can.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Unreadable } from "../contract/unreadable.ts";
import type { Listed } from "../store/listed.ts";

/** A part of a list's answer: absent when everything can be read. */
export const unreadablePart = {
  unreadable: z
    .array(Unreadable)
    .optional()
    .openapi({ description: "Those of the page that a newer version declared and this one cannot read" }),
};

/** The views of what can be read, and the rest, each in the order of the list. */
export function apart<Row, View>(
  rows: readonly Listed<Row>[],
  view: (row: Row) => View,
): { views: View[]; beside: { unreadable?: Unreadable[] } } {
  const views = rows.flatMap((one) => ("row" in one ? [view(one.row)] : []));
  const unreadable = rows.flatMap((one) => ("row" in one ? [] : [one.unreadable]));
  return { views, beside: unreadable.length === 0 ? {} : { unreadable } };
}
