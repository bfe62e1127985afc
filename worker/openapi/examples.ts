/**
 * Examples made from schemas, so that none can disagree with its schema: a word for each kind of leaf,
 * and the rest follows from the shape.
 *
 * @module
 */
import type { JsonSchema } from "../contract/api-document.ts";

const OID = "8f3c1d0a5b7e92c46d10f8a3b5c7e9d2046f8b1a";
const IMPORT = "imp_4f0c2a9d81b36e57a0c4d2f1";
const AT = "2026-01-15T09:30:00.000Z";

/** Words for properties that have no better example of their own. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  stackId: "web",
  sourceId: "web-releases",
  attemptId: "web.12",
  relatedAttemptId: "web.11",
  eventId: "patch:web-releases:v2.1.0:release",
  entryId: "v2.1.0",
  tag: "v2.1.0",
  ref: "refs/tags/v2.1.0",
  branch: "patched",
  sha: OID,
  sha256: "7d9a0f4c2b81e6355a90c3de174f8b62f0e1d2c3b4a5968778695a4b3c2d1e0f",
  import: IMPORT,
  code: "conflict",
  message: "1 of 2 patches conflicts with v2.1.0",
  title: "Release v2.1.0",
  name: "web",
  version: "v2.1.0",
  actor: "operator:ops",
  secret: "shown once",
  path: "src/http/client.ts",
  url: "https://git.example.org/web",
  webUrl: "https://git.example.org/web",
  author: "upstream",
  note: "resolved by hand",
  cursor: "p42",
  nextCursor: "p42",
  labels: ["linux"],
  movement: "tag:v2.1.0",
  runner: "builder",
  nonce: "mk3tV9qLw2Rz8YxB",
};

const BY_ID: Readonly<Record<string, string>> = {
  Stack: "web",
  FeedSource: "web-releases",
  MaintenanceAttempt: "web.12",
  FlowEvent: "patch:web-releases:v2.1.0:release",
  Dispatch: "web.12.1",
  Candidate: "web.12.1",
  Intervention: "attempt:web.12",
  RecordImport: IMPORT,
};

/** An example of the schema. `components` are the document's named schemas. */
export function exampleOf(
  schema: JsonSchema,
  components: Readonly<Record<string, JsonSchema>>,
  name = "",
  within: readonly string[] = [],
): unknown {
  if (schema.$ref !== undefined) {
    const named = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    // A shape that holds itself ends here.
    if (within.includes(named)) return null;
    return exampleOf(components[named] ?? {}, components, name, [...within, named]);
  }
  for (const given of [schema.example, schema.const, schema.default, schema.enum?.[0]])
    if (given !== undefined) return given;
  const choice = (schema.anyOf ?? schema.oneOf)?.find((option) => option.type !== "null");
  if (choice !== undefined) return exampleOf(choice, components, name, within);
  if (schema.allOf !== undefined)
    return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part, components, name, within))) as unknown;
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  switch (type) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, value]) => [key, exampleOf(value, components, key, within)]),
      );
    case "array":
      return Array.isArray(BY_NAME[name])
        ? BY_NAME[name]
        : schema.items === undefined
          ? []
          : [exampleOf(schema.items, components, name, within)];
    case "boolean":
      return false;
    case "integer":
    case "number":
      return Math.max(schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1);
    case "string":
      return text(schema, name, within.at(-1));
    default:
      return {};
  }
}

function text(schema: JsonSchema, name: string, component: string | undefined): string {
  if (schema.format === "date-time") return AT;
  if (schema.pattern?.includes("[0-9a-f]{40}") === true) return OID;
  const byId = name === "id" && component !== undefined ? BY_ID[component] : undefined;
  const word = byId ?? BY_NAME[name];
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern, "u");
  const fits = (one: string) => (pattern === undefined || pattern.test(one)) && one.length >= (schema.minLength ?? 0);
  const candidates = [word, "web", "123456", OID].filter((one): one is string => typeof one === "string");
  return candidates.find(fits) ?? "web";
}
