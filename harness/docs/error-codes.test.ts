/** The reference of error codes names exactly the codes that the edge answers with, each with its HTTP status. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ERROR_STATUS } from "../../worker/contract/error.ts";

it("docs/reference/error-codes.md lists every code with its status, and no other", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/reference/error-codes.md"), "utf8");
  const documented = [...text.matchAll(/^\| `([a-z_]+)` \| (\d+) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  expect(Object.fromEntries(documented)).toEqual(ERROR_STATUS);
});
