/**
 * What goes between the jobs of one CI run: from the one that replays to the one that verifies, and
 * what that one found.
 *
 * The verifying job runs upstream's code, so nothing that comes back from it is trusted further than
 * its word on its own run: the pushing job replays the stack again and pushes only what it made itself.
 *
 * @module
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "@hono/zod-openapi";
import { Oid, Reason } from "../../worker/contract/primitives.ts";
import { StackReport, VerifyResult } from "../../worker/contract/report.ts";
import { runGit } from "../git/process.ts";

const MAX_FILE = 8 * 1024 * 1024;

/** Written by the replaying job. Holds no secret: artifacts of a public repository are public. */
export const Plan = z.object({
  v: z.literal(1),
  attemptId: z.string(),
  epoch: z.int(),
  commands: z.array(z.string()),
  timeoutSeconds: z.int(),
  /** Absent where there is nothing to verify, a landing. */
  report: StackReport.optional(),
});
export type Plan = z.infer<typeof Plan>;

/** Written by the verifying job. */
export const Findings = z.object({
  v: z.literal(1),
  resultOid: Oid,
  verify: z.array(VerifyResult).max(20),
  baseline: z.array(VerifyResult).max(20).optional(),
  firstFailingPatch: Oid.optional(),
  failure: Reason.optional(),
});
export type Findings = z.infer<typeof Findings>;

const planFile = (folder: string): string => join(folder, "plan.json");
const findingsFile = (folder: string): string => join(folder, "findings.json");

/** The repository with the commits to verify, below the folder. */
export const objectsOf = (folder: string): string => join(folder, "objects.git");

export function writePlan(folder: string, plan: Plan): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(planFile(folder), `${JSON.stringify(plan)}\n`);
}

export function writeFindings(folder: string, findings: Findings): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(findingsFile(folder), `${JSON.stringify(findings)}\n`);
}

export const readPlan = (folder: string): Plan | undefined => read(planFile(folder), Plan);
export const readFindings = (folder: string): Findings | undefined => read(findingsFile(folder), Findings);

/** Undefined for what is not there, too large or of another shape: whoever wrote it may mean harm. */
function read<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    if (statSync(path).size > MAX_FILE) return undefined;
    return schema.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/**
 * Copies the result and upstream's commit below it, without the history behind: what verification
 * checks out, and no more.
 */
export async function copyObjects(
  gitDir: string,
  folder: string,
  report: StackReport,
  signal: AbortSignal,
): Promise<void> {
  const target = objectsOf(folder);
  mkdirSync(folder, { recursive: true });
  const tips = [report.onto.oid, ...(report.result === null ? [] : [report.result.oid])];
  const parents = await runGit(["rev-parse", `${report.onto.oid}^@`], { gitDir, signal });
  // `--not` in the input is newer than the oldest git that we run with.
  const not = parents.stdout
    .toString("utf8")
    .split("\n")
    .filter((oid) => oid !== "")
    .map((oid) => `^${oid}`);
  const listed = await runGit(["rev-list", "--objects", "--no-object-names", "--stdin"], {
    gitDir,
    signal,
    input: `${[...tips, ...not].join("\n")}\n`,
  });
  // What is not new since upstream's parents is in upstream's own tree.
  const trees = await runGit(
    ["ls-tree", "-r", "-t", "--format=%(objecttype) %(objectname)", "--end-of-options", report.onto.oid],
    {
      gitDir,
      signal,
    },
  );
  const root = await runGit(["rev-parse", "--verify", "--end-of-options", `${report.onto.oid}^{tree}`], {
    gitDir,
    signal,
  });
  // A submodule's commit is named by a tree and is not here.
  const inTree = trees.stdout
    .toString("utf8")
    .replaceAll(/^commit .*$/gm, "")
    .replaceAll(/^(?:blob|tree) /gm, "");
  const texts = [listed.stdout.toString("utf8"), inTree, root.stdout.toString("utf8")];
  const wanted = new Set(texts.flatMap((text) => text.split("\n")));
  await runGit(["init", "--quiet", "--bare", "--end-of-options", target], { cwd: folder, signal });
  await runGit(["pack-objects", "--quiet", join(target, "objects", "pack", "pack")], {
    gitDir,
    signal,
    input: `${[...wanted].filter((oid) => /^[0-9a-f]{40,64}$/.test(oid)).join("\n")}\n`,
  });
  // Upstream's commit is where history ends here.
  writeFileSync(join(target, "shallow"), `${report.onto.oid}\n`);
}
