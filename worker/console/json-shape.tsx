/**
 * A JSON schema as a table that a person reads: one row per field, nested ones by their path.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { JsonSchema } from "../contract/api-document.ts";
import { path } from "./words.tsx";

/** Fields within fields that are shown in one table. */
const DEPTH = 5;

type Field = { name: string; required: boolean; schema: JsonSchema };

/** Fields of an object, with those of objects within it. */
function fieldsOf(schema: JsonSchema, before = "", depth = 0): Field[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([key, inner]): Field[] => {
    const name = `${before}${key}`;
    const field = { name, required: required.includes(key), schema: inner };
    const { items, properties: within } = inner;
    if (depth >= DEPTH) return [field];
    if (within !== undefined) return [field, ...fieldsOf(inner, `${name}.`, depth + 1)];
    if (items?.properties !== undefined) return [field, ...fieldsOf(items, `${name}[].`, depth + 1)];
    return [field];
  });
}

export function Shape({ schema }: { schema: JsonSchema }) {
  const fields = fieldsOf(schema);
  if (fields.length === 0)
    return (
      <p>
        <Type schema={schema} />
      </p>
    );
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {fields.map(({ name, required, schema: inner }) => (
          <tr>
            <td>
              <code>{name}</code> {required ? null : <span class="soft small">optional</span>}
            </td>
            <td>
              <Type schema={inner} />
              {inner.description === undefined ? null : <span class="sub">{inner.description}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What a value may be, in a line. */
export function Type({ schema }: { schema: JsonSchema }) {
  return <>{typeOf(schema)}</>;
}

function typeOf(schema: JsonSchema): Child {
  const { $ref, anyOf, oneOf, allOf, items, properties, additionalProperties } = schema;
  if ($ref !== undefined) return <SchemaLink name={$ref.slice($ref.lastIndexOf("/") + 1)} />;
  const several = anyOf ?? oneOf;
  if (several !== undefined) return joined(several, " or ");
  if (allOf !== undefined) return joined(allOf, " and ");
  if (schema.const !== undefined) return <code>{JSON.stringify(schema.const)}</code>;
  if (schema.enum !== undefined)
    return schema.enum.map((value, i) => [i === 0 ? "" : " ", <code>{JSON.stringify(value)}</code>]);
  if (items !== undefined) return ["list of ", typeOf(items)];
  if (properties === undefined && typeof additionalProperties === "object")
    return ["object whose values are ", typeOf(additionalProperties)];
  return `${[schema.type ?? "anything"].flat().join(" or ")}${limits(schema)}`;
}

function joined(schemas: readonly JsonSchema[], word: string): Child {
  return schemas.map((schema, i) => [i === 0 ? "" : word, typeOf(schema)]);
}

function limits({ format, minimum, maximum, minLength, maxLength, default: value }: JsonSchema): string {
  const said = [
    format,
    minimum === undefined ? undefined : `at least ${minimum}`,
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : `at most ${maximum}`,
    minLength === undefined || minLength < 2 ? undefined : `${minLength} characters or more`,
    maxLength === undefined ? undefined : `${maxLength} characters at most`,
    value === undefined ? undefined : `${JSON.stringify(value)} by itself`,
  ].filter((part) => part !== undefined);
  return said.length === 0 ? "" : `: ${said.join(", ")}`;
}

export function SchemaLink({ name }: { name: string }) {
  return <a href={path.schema(name)}>{name}</a>;
}
