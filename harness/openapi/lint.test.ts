/**
 * The API document as a public linter sees it.
 */
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { createApp } from "../../worker/app.ts";
import { apiDocument } from "../../worker/openapi/document.ts";

test("a public OpenAPI linter has nothing to say, of the examples neither", async () => {
  const source = JSON.stringify(apiDocument(createApp(), "https://patch.example.org"));
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
  expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`)).toEqual(
    [],
  );
});
