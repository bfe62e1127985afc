import { expect, it } from "vitest";
import { readAudit, stops } from "./audit.ts";

it("reads npm's report, and knows when there is none", () => {
  const vulnerabilities = {
    a: { name: "a", severity: "high", range: "<2", via: [] },
    b: { name: "b", severity: "low", range: "*", via: ["a"] },
  };
  const audit = readAudit(JSON.stringify({ auditReportVersion: 2, vulnerabilities }));
  expect(audit).toEqual({
    kind: "asked",
    faults: [
      { name: "a", severity: "high", range: "<2" },
      { name: "b", severity: "low", range: "*" },
    ],
  });
  expect(audit.kind === "asked" && audit.faults.map(stops)).toEqual([true, false]);
  expect(readAudit('{"message":"405 Method Not Allowed"}')).toEqual({
    kind: "no_answer",
    why: "405 Method Not Allowed",
  });
  for (const text of ["", "{}", "<html>"]) expect(readAudit(text).kind).toBe("no_answer");
});
