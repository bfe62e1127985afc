import { expect, it } from "vitest";
import { licenceProblem } from "./licences.ts";

it.each([
  ["MIT", true, true],
  ["MIT OR GPL-3.0-only", true, true],
  ["(MIT AND Apache-2.0)", true, true],
  ["MPL-2.0", false, true],
  ["MPL-2.0", true, false],
  ["MIT AND GPL-3.0-only", false, false],
  ["GPL-3.0-only", false, false],
  ["SEE LICENSE IN LICENSE.md", false, false],
  ["UNLICENSED", false, false],
  ["none", true, false],
  ["", true, false],
])("%j, where it ships %s, may be used: %s", (license, ships, fine) => {
  const problem = licenceProblem({ name: "a", version: "1.0.0", license, ships });
  expect(problem === undefined).toBe(fine);
  if (!fine) expect(problem).toContain("a@1.0.0");
});
