/**
 * The reference of the stack report is made of the schema that every report is parsed with.
 *
 * `node harness/drift/stack-report.ts` fails when the file is not the one that would be made; with `--write` it
 * makes it.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { StackReport } from "../../worker/contract/report.ts";

const FILE = join(import.meta.dirname, "../../docs/reference/report.md");

const HEAD = `# Stack report

What became of every patch of a stack on a new base. An attempt has one as soon as its replay is done:
\`patch.moi show ATTEMPT\` prints it, \`GET /maintenance-attempts/:id\` has it as \`report\`, and
\`patch.moi forecast --json\` makes one without a server. [The Git engine](../concepts/git-engine.md#outcomes) says
what the outcomes mean.

Every patch of the branch is in it once: \`patches\` is as long as the numbers of \`counts\` together. A
report of which that is not true cannot be built. A name with \`?\` may be missing. Made of the
schema that parses reports, by \`npm run reference\`.
`;

/** As much of JSON Schema as the report's schema is made of. */
type Schema = {
  type?: string;
  description?: string;
  const?: string | number;
  enum?: unknown[];
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
};
const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    description: z.string().optional(),
    const: z.union([z.string(), z.number()]).optional(),
    enum: z.array(z.unknown()).optional(),
    pattern: z.string().optional(),
    properties: z.record(z.string(), Schema).optional(),
    required: z.array(z.string()).optional(),
    items: Schema.optional(),
    anyOf: z.array(Schema).optional(),
  }),
);

const text = [HEAD, ...sections("The report", Schema.parse(z.toJSONSchema(StackReport)))].join("\n");

if (process.argv.includes("--write")) writeFileSync(FILE, text);
else if (readFileSync(FILE, "utf8") !== text) {
  process.stderr.write("docs/reference/report.md is out of date; run `npm run reference`\n");
  process.exit(1);
}

/** A table for an object, and below it one for each list of objects in it. */
function sections(title: string, schema: Schema): string[] {
  const rows = rowsOf("", schema);
  const table = ["| Field | Type | Meaning |", "| --- | --- | --- |", ...rows.map(({ row }) => row)].join("\n");
  const lists = rows.flatMap(({ list }) => (list === undefined ? [] : sections(`Each of \`${list.name}\``, list.of)));
  return [`## ${title}\n\n${table}\n`, ...lists];
}

type Row = { row: string; list?: { name: string; of: Schema } };

function rowsOf(prefix: string, { properties = {}, required = [] }: Schema): Row[] {
  return Object.entries(properties).flatMap(([key, value]): Row[] => {
    const name = `${prefix}${key}${required.includes(key) ? "" : "?"}`;
    const own = value.anyOf?.find(({ properties }) => properties !== undefined) ?? value;
    const row = `| \`${name}\` | ${typeOf(value)} | ${value.description ?? ""} |`;
    const of = value.items?.properties === undefined ? undefined : value.items;
    // The same commands on another commit: one table is enough.
    const list = of === undefined || key === "baseline" ? undefined : { name: `${prefix}${key}`, of };
    return [list === undefined ? { row } : { row, list }, ...rowsOf(`${name}.`, own)];
  });
}

function typeOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.pattern?.includes("0-9a-f") === true) return "object id";
  if (schema.items !== undefined) return schema.items.properties === undefined ? "list of strings" : "list";
  return schema.type === "integer" ? "whole number" : (schema.type ?? "");
}
