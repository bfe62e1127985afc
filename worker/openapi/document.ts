/**
 * The OpenAPI document: what the routes declare, and what {@link OPERATIONS} and the schemas add to it.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import packageJson from "../../package.json" with { type: "json" };
import type { AppEnv } from "../api/http.ts";
import type { Access, Answer, ApiDocument, Content, DocumentOperation, JsonSchema } from "../contract/api-document.ts";
import { exampleOf } from "./examples.ts";
import { OPERATIONS, type Operation, TAGS } from "./operations.ts";

const DESCRIPTION = `Watches upstream projects and carries patch stacks over their releases.

A token goes into \`Authorization: Bearer\`. Lists are newest first and take \`limit\` and \`cursor\`. Any POST
takes an \`Idempotency-Key\`. A refusal is \`{"error": {"code", "message", "details?"}}\`.`;

/** Builds the document from the app's routes. `origin` is where the deployment is. */
export function apiDocument(app: OpenAPIHono<AppEnv>, origin: string): ApiDocument {
  const declared = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "patch.moi",
      version: packageJson.version,
      description: DESCRIPTION,
    },
  }) as unknown as ApiDocument;
  const { schemas } = declared.components;
  const paths = Object.entries(declared.paths).map(([path, methods]) => {
    const operations = Object.entries(methods).map(([method, operation]) => {
      const known = OPERATIONS[`${method.toUpperCase()} ${path}`];
      return [method, complete(operation, known, schemas)] as const;
    });
    return [path, Object.fromEntries(operations)] as const;
  });
  return {
    ...declared,
    info: { ...declared.info, license: { name: packageJson.license, identifier: packageJson.license } },
    servers: [{ url: origin }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(paths),
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An admin token, or one made by POST /tokens." },
        signature: {
          type: "apiKey",
          in: "header",
          name: "webhook-signature",
          description: "Standard Webhooks, over the raw body, with the runner's secret or the callback key.",
        },
      },
    },
  };
}

function complete(
  operation: DocumentOperation,
  known: Operation | undefined,
  schemas: Readonly<Record<string, JsonSchema>>,
): DocumentOperation {
  const withExamples = (content: Content | undefined): Content | undefined =>
    content === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(content).map(([type, { schema, ...more }]) => [
            type,
            { schema, example: exampleOf(schema, schemas), ...more },
          ]),
        );
  const answers = { ...operation.responses, ...(operation.requestBody === undefined ? {} : BODY_REFUSALS) };
  return {
    ...(known === undefined
      ? {}
      : {
          operationId: known.id,
          summary: known.summary,
          tags: [known.tag],
          "x-scope": known.access,
          security: SECURITY[known.access],
        }),
    ...operation,
    ...(operation.requestBody === undefined
      ? {}
      : { requestBody: { ...operation.requestBody, content: withExamples(operation.requestBody.content) ?? {} } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [
        status,
        answer.content === undefined ? answer : { ...answer, content: withExamples(answer.content) ?? {} },
      ]),
    ),
  };
}

const BEARER = [{ bearer: [] }];
const SECURITY: Readonly<Record<Access, Record<string, string[]>[]>> = {
  none: [],
  read: BEARER,
  operate: BEARER,
  admin: BEARER,
  runner: [{ signature: [] }],
  webhook: [],
};

const ERROR_CONTENT = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };

/** Of every operation that takes a body. */
const BODY_REFUSALS: Readonly<Record<string, Answer>> = {
  413: { description: "The body is larger than what is taken", content: ERROR_CONTENT },
  415: { description: "The body is not JSON by its content type", content: ERROR_CONTENT },
};
