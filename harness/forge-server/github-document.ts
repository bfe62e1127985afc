/**
 * GitHub's own description of its API, as published in `@octokit/openapi`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { OpenApiDocument } from "./openapi.ts";

const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.looseObject({ examples: z.record(z.string(), z.looseObject({ value: z.unknown() })) }),
});

const file = join(
  dirname(createRequire(import.meta.url).resolve("@octokit/openapi/package.json")),
  "generated/api.github.com.json",
);
const document = Document.parse(JSON.parse(readFileSync(file, "utf8")));

export const GITHUB_DOCUMENT = document as unknown as OpenApiDocument;

/** An example of the document by its name, as the ground that an answer is made on. */
export function githubExample(name: string): Record<string, unknown> {
  const example = document.components.examples[name]?.value;
  const first: unknown = Array.isArray(example) ? example[0] : example;
  if (typeof first !== "object" || first === null) throw new Error(`GitHub's document has no example '${name}'`);
  return first as Record<string, unknown>;
}
