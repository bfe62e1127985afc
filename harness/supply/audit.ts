/**
 * `npm run audit`: known faults of what is installed, as the registry tells them.
 *
 * Fails on high and critical ones of what ships; others are told. A registry that cannot be asked is told too and
 * fails nothing, unless `--must-answer` says so: whether a change lands must not hang on somebody's server.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { z } from "zod";

const Report = z.object({
  vulnerabilities: z.record(z.string(), z.object({ severity: z.string(), range: z.string().default("*") })),
});

export type Audit =
  | { kind: "asked"; faults: { name: string; severity: string; range: string }[] }
  | { kind: "no_answer"; why: string };

/** Reads what `npm audit --json` printed. */
export function readAudit(printed: string): Audit {
  let told: unknown;
  try {
    told = JSON.parse(printed);
  } catch {
    return { kind: "no_answer", why: "npm printed no report" };
  }
  const report = Report.safeParse(told);
  if (report.success)
    return {
      kind: "asked",
      faults: Object.entries(report.data.vulnerabilities).map(([name, fault]) => ({ name, ...fault })),
    };
  const why = z.object({ message: z.string() }).safeParse(told);
  return { kind: "no_answer", why: why.success ? why.data.message : "npm printed something else than a report" };
}

/** Whether a fault stops a change: only of what ships, and only bad ones. */
export function stops({ severity }: { severity: string }): boolean {
  return severity === "high" || severity === "critical";
}

if (import.meta.main) {
  const asked = (more: string[]) => {
    const { stdout } = spawnSync("npm", ["audit", "--json", ...more], { encoding: "utf8", timeout: 60_000 });
    return readAudit(stdout);
  };
  const [shipped, all] = [asked(["--omit=dev"]), asked([])];
  if (shipped.kind === "no_answer" || all.kind === "no_answer") {
    const why = shipped.kind === "no_answer" ? shipped.why : all.kind === "no_answer" ? all.why : "";
    process.stdout.write(`not audited: ${why}\n`);
    if (process.argv.includes("--must-answer")) process.exitCode = 1;
  } else {
    for (const { name, severity, range } of all.faults) process.stdout.write(`${severity}: ${name} ${range}\n`);
    const bad = shipped.faults.filter(stops);
    process.stdout.write(`${all.faults.length} known faults, ${bad.length} of them bad ones of what ships\n`);
    if (bad.length > 0) process.exitCode = 1;
  }
}
