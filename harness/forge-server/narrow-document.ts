/**
 * Makes a narrow OpenAPI document out of one line per operation.
 *
 * Forgejo, Gitea and GitLab publish theirs, but no package does: what is here was written by hand from
 * their documentation, for the operations that are used and with the fields that are used, no more.
 *
 * @module
 */
import type { OpenApiDocument } from "./openapi.ts";

/** Type of a field: `string`, `string!` when it must be there, `integer`, `boolean`, or a schema. */
type Field = "string" | "string!" | "integer" | "integer!" | "boolean" | object;

export type NarrowOperation = { query?: readonly string[]; body?: Readonly<Record<string, Field>> };

export function narrowDocument(operations: Readonly<Record<string, NarrowOperation>>): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [route, { query = [], body }] of Object.entries(operations)) {
    const [method = "", template = ""] = route.split(" ");
    const parameters = query.map((name) => ({ name, in: "query", schema: {} }));
    const operation = { parameters, ...(body === undefined ? {} : { requestBody: requestBody(body) }) };
    paths[template] = { ...paths[template], [method.toLowerCase()]: operation };
  }
  return { paths };
}

function requestBody(fields: Readonly<Record<string, Field>>): object {
  const entries = Object.entries(fields);
  const properties = entries.map(([name, field]) => [
    name,
    typeof field === "string" ? { type: field.replace("!", "") } : field,
  ]);
  const required = entries
    .filter(([, field]) => typeof field === "string" && field.endsWith("!"))
    .map(([name]) => name);
  const schema = {
    type: "object",
    properties: Object.fromEntries(properties) as object,
    required,
    additionalProperties: false,
  };
  return { required: true, content: { "application/json": { schema } } };
}
