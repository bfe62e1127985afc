/**
 * Holds requests against an OpenAPI document: an operation that is not in it, a parameter it does not
 * know and a body that does not fit are told, as a forge would not always do.
 *
 * @module
 */
import { Ajv, type ValidateFunction } from "ajv";

type Parameter = { name: string; in: string; required?: boolean; schema?: object };
type Operation = {
  parameters?: readonly (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: object }> };
};
export type OpenApiDocument = {
  paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  components?: { parameters?: Readonly<Record<string, Parameter>>; schemas?: unknown; examples?: unknown };
};

export type ApiRequest = { method: string; path: string; query: URLSearchParams; body: unknown };

/** The operation a request means, or everything that is wrong with it. */
export type Checked =
  | { ok: true; template: string; params: Record<string, string> }
  | { ok: false; problems: string[] };

export class OpenApi {
  readonly #document: OpenApiDocument;
  readonly #ajv = new Ajv({ strict: false, validateFormats: false, coerceTypes: false, allErrors: true });
  readonly #routes: { template: string; pattern: RegExp; names: string[]; literal: number }[];
  readonly #validators = new Map<object, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#ajv.addSchema(document, "document");
    this.#routes = Object.keys(document.paths).map((template) => {
      const names: string[] = [];
      const pattern = template
        .split("/")
        .map((part) =>
          part.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
            names.push(name);
            // A ref or a path holds slashes; GitHub's document cannot say so.
            return name === "ref" || name === "path" ? "(.+)" : "([^/]+)";
          }),
        )
        .join("/");
      return {
        template,
        pattern: new RegExp(`^${pattern}$`),
        names,
        literal: template.replaceAll(/\{[^}]+\}/g, "").length,
      };
    });
    this.#routes.sort((a, b) => b.literal - a.literal);
  }

  check({ method, path, query, body }: ApiRequest): Checked {
    for (const { template, pattern, names } of this.#routes) {
      const match = pattern.exec(path);
      const operation = this.#document.paths[template]?.[method.toLowerCase()] as Operation | undefined;
      if (match === null || operation === undefined) continue;
      const problems = [...this.#queryProblems(operation, query), ...this.#bodyProblems(operation, body)];
      if (problems.length > 0) return { ok: false, problems: problems.map((p) => `${method} ${template}: ${p}`) };
      const params = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? "")]));
      return { ok: true, template, params };
    }
    return { ok: false, problems: [`${method} ${path} is not in the document`] };
  }

  #queryProblems(operation: Operation, query: URLSearchParams): string[] {
    const known = (operation.parameters ?? []).map((p) => this.#parameter(p)).filter((p) => p.in === "query");
    const problems: string[] = [];
    for (const [name, value] of query) {
      const parameter = known.find((p) => p.name === name);
      if (parameter === undefined) problems.push(`unknown query parameter '${name}'`);
      else problems.push(...this.#problems(parameter.schema ?? {}, typed(value, parameter.schema), `query ${name}`));
    }
    for (const { name, required } of known)
      if (required === true && !query.has(name)) problems.push(`query parameter '${name}' is missing`);
    return problems;
  }

  #bodyProblems({ requestBody }: Operation, body: unknown): string[] {
    const schema = requestBody?.content?.["application/json"]?.schema;
    if (body === undefined) return requestBody?.required === true ? ["a body is missing"] : [];
    if (schema === undefined) return ["a body is not taken"];
    const known = "properties" in schema ? Object.keys(schema.properties as object) : undefined;
    const unknown = Object.keys(body as object).filter((key) => known !== undefined && !known.includes(key));
    return [...unknown.map((key) => `unknown field '${key}'`), ...this.#problems(schema, body, "body")];
  }

  #parameter(parameter: Parameter | { $ref: string }): Parameter {
    if (!("$ref" in parameter)) return parameter;
    const found = this.#document.components?.parameters?.[parameter.$ref.split("/").at(-1) ?? ""];
    if (found === undefined) throw new Error(`the document has no ${parameter.$ref}`);
    return found;
  }

  #problems(schema: object, value: unknown, what: string): string[] {
    let validate = this.#validators.get(schema);
    if (validate === undefined) {
      const text = JSON.stringify(schema, withoutLooseNullable).replaceAll('"$ref":"#/', '"$ref":"document#/');
      validate = this.#ajv.compile(JSON.parse(text) as object);
      this.#validators.set(schema, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${what}${error.instancePath} ${error.message ?? ""}`);
  }
}

/** OpenAPI 3.0 lets `nullable` stand without a type, ajv does not; nothing that is sent here is null. */
function withoutLooseNullable(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("nullable" in value) || "type" in value) return value;
  const { nullable: _, ...rest } = value;
  return rest;
}

/** A query is text; its schema says what it stands for. */
function typed(value: string, schema: object | undefined): unknown {
  const type = schema !== undefined && "type" in schema ? schema.type : undefined;
  if (type === "integer" || type === "number") return Number(value);
  return type === "boolean" ? value === "true" : value;
}
