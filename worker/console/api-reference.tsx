/**
 * The API reference: the OpenAPI document of this very deployment, as pages.
 *
 * @module
 */
import type { Context } from "hono";
import { Hono } from "hono";
import { ApiError, type AppEnv } from "../api/http.ts";
import type { ApiDocument, DocumentOperation, JsonSchema } from "../contract/api-document.ts";
import { page } from "./frame.tsx";
import { SchemaLink, Shape, Type } from "./json-shape.tsx";
import { Listing, path } from "./words.tsx";

type Named = DocumentOperation & { id: string; method: string; route: string };

export const apiReference = new Hono<AppEnv>();

apiReference.get("/api", (c) => {
  const document = documentOf(c);
  const operations = operationsOf(document);
  return page(c, { title: "API" }, () => (
    <>
      <h1>API</h1>
      {document.info.description.split("\n\n").map((part) => (
        <p>{part.replaceAll("`", "")}</p>
      ))}
      <p class="soft">
        Version {document.info.version}. Programs read the same as OpenAPI 3.1 from <code>/openapi.json</code>, with a
        token.
      </p>
      {document.tags.map(({ name, description }) => (
        <section aria-labelledby={`tag-${name}`}>
          <h2 id={`tag-${name}`}>{name}</h2>
          <p class="lead">{description}</p>
          <Operations of={operations.filter(({ tags }) => tags?.includes(name))} />
        </section>
      ))}
      <section aria-labelledby="schemas-title">
        <h2 id="schemas-title">Shapes</h2>
        <p>
          {Object.keys(document.components.schemas).map((name, i) => (
            <>
              {i === 0 ? null : ", "}
              <SchemaLink name={name} />
            </>
          ))}
        </p>
      </section>
    </>
  ));
});

apiReference.get("/api/schemas/:name", (c) => {
  const name = c.req.param("name");
  const { schemas } = documentOf(c).components;
  const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  if (schema === undefined) throw new ApiError("not_found", `the API has no shape '${name}'`);
  return page(c, { title: name }, () => (
    <>
      <Back />
      <h1>{name}</h1>
      {schema.description === undefined ? null : <p class="lead">{schema.description}</p>}
      <Shape schema={schema} />
    </>
  ));
});

apiReference.get("/api/:id", (c) => {
  const document = documentOf(c);
  const { schemas } = document.components;
  const operation = operationsOf(document).find(({ id }) => id === c.req.param("id"));
  if (operation === undefined) throw new ApiError("not_found", `the API has no operation '${c.req.param("id")}'`);
  const { method, route, summary, parameters = [], requestBody, responses } = operation;
  return page(c, { title: `${method} ${route}` }, () => (
    <>
      <Back />
      <h1>
        <code>
          {method} {route}
        </code>
      </h1>
      <p class="lead">
        {summary}. {ACCESS[operation["x-scope"] ?? "none"]}
      </p>
      {parameters.length === 0 ? null : (
        <section aria-labelledby="parameters-title">
          <h2 id="parameters-title">Parameters</h2>
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">In</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              {parameters.map((parameter) => (
                <tr>
                  <td>
                    <code>{parameter.name}</code>{" "}
                    {parameter.required === true ? null : <span class="soft small">optional</span>}
                  </td>
                  <td data-th="In">{parameter.in}</td>
                  <td data-th="Value">
                    <Type schema={parameter.schema} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {requestBody === undefined ? null : (
        <section aria-labelledby="body-title">
          <h2 id="body-title">Body</h2>
          <Contents of={requestBody.content} label="Example of the body" schemas={schemas} />
        </section>
      )}
      <section aria-labelledby="answers-title">
        <h2 id="answers-title">Answers</h2>
        {Object.entries(responses).map(([status, { description, content }]) => (
          <section aria-labelledby={`answer-${status}`}>
            <h3 id={`answer-${status}`}>
              {status} <span class="soft">{description}</span>
            </h3>
            {content === undefined ? null : Number(status) < 300 ? (
              <Contents of={content} label={`Example of ${status}`} schemas={schemas} />
            ) : (
              Object.values(content).map(({ schema }) => (
                <p class="small">
                  <Type schema={schema} />
                </p>
              ))
            )}
          </section>
        ))}
      </section>
    </>
  ));
});

/** Who may, in a sentence. */
const ACCESS: Record<NonNullable<DocumentOperation["x-scope"]>, string> = {
  none: "Anybody may ask.",
  read: "Needs a token with the scope read.",
  operate: "Needs a token with the scope operate.",
  admin: "Needs a token with the scope admin.",
  runner: "For runners: signed with the runner’s secret or the callback key, or with an ID token of a forge’s job.",
  webhook: "For forges: signed with the webhook’s secret.",
};

function documentOf(c: Context<AppEnv>): ApiDocument {
  return c.var.apiDocument(new URL(c.req.url).origin);
}

function operationsOf({ paths }: ApiDocument): Named[] {
  return Object.entries(paths).flatMap(([route, methods]) =>
    Object.entries(methods).flatMap(([method, operation]): Named[] =>
      operation.operationId === undefined
        ? []
        : [{ ...operation, id: operation.operationId, method: method.toUpperCase(), route }],
    ),
  );
}

function Operations({ of }: { of: readonly Named[] }) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Route</th>
          <th scope="col">What it does</th>
          <th scope="col">Scope</th>
        </tr>
      </thead>
      <tbody>
        {of.map(({ id, method, route, summary, "x-scope": access }) => (
          <tr>
            <td>
              <a href={path.operation(id)}>
                <code>
                  {method} {route}
                </code>
              </a>
            </td>
            <td>{summary}</td>
            <td data-th="Scope">{access}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type ContentsProps = {
  of: NonNullable<DocumentOperation["requestBody"]>["content"];
  label: string;
  schemas: ApiDocument["components"]["schemas"];
};

function Contents({ of, label, schemas }: ContentsProps) {
  return (
    <>
      {Object.entries(of).map(([type, { schema, example }]) => (
        <>
          <p class="small soft">
            <code>{type}</code> {schema.$ref === undefined ? null : <Type schema={schema} />}
          </p>
          <Shape schema={named(schema, schemas)} />
          {example === undefined ? null : (
            <details>
              <summary>Example</summary>
              <Listing label={label}>{JSON.stringify(example, null, 2)}</Listing>
            </details>
          )}
        </>
      ))}
    </>
  );
}

/** What a schema says that only names another one: the page of an operation shows its fields at once. */
function named(schema: JsonSchema, schemas: ContentsProps["schemas"]): JsonSchema {
  const name = schema.$ref?.slice(schema.$ref.lastIndexOf("/") + 1);
  return (name === undefined ? undefined : schemas[name]) ?? schema;
}

function Back() {
  return (
    <p class="small">
      <a href="/console/api">API</a>
    </p>
  );
}
