/**
 * Workflow files, which forges let only some credentials write: a push that changes one with another
 * credential is refused at the very end. What a credential may is not to be asked of it, so the
 * runner's operator says so, and a job is stopped before its work is done.
 *
 * @module
 */
import type { StackReport } from "../../worker/contract/report.ts";
import type { Environment } from "../client/settings.ts";
import { gitText } from "../git/process.ts";
import { type JobStop, stopped } from "./job-stop.ts";
import { headsOfFork, type Mirror } from "./mirror.ts";
import { bringContents } from "./mirror-contents.ts";

const FOLDER = ".github/workflows";
const NAMED = 5;

/** True when `PATCH_MOI_WORKFLOWS=deny` says that the runner's credential may not write them. */
export function deniesWorkflows(env: Environment): boolean {
  return (env.PATCH_MOI_WORKFLOWS ?? "").trim().toLowerCase() === "deny";
}

/**
 * Workflow files that a push of the stack on its new base would make or change. As forges have it, one
 * that stands in some branch of the fork at the same path with the same content may be pushed again.
 */
export async function changedWorkflows(mirror: Mirror, report: StackReport): Promise<string[]> {
  const options = { gitDir: mirror.gitDir, signal: mirror.signal };
  const result = report.result?.oid ?? report.onto.oid;
  const listed = await gitText(["ls-tree", "-r", "-z", "--end-of-options", result, "--", FOLDER], options);
  const files = listed.split("\0").flatMap((entry) => {
    const [, oid, path] = /^\d+ blob ([0-9a-f]+)\t([^\n]+)$/.exec(entry) ?? [];
    return oid === undefined || path === undefined ? [] : [{ oid, path }];
  });
  if (files.length === 0) return [];
  const heads = await headsOfFork(mirror);
  await bringContents(
    mirror,
    heads.map((head) => `${head}:${FOLDER}`),
  );
  const asked = heads.flatMap((head) => files.map((file) => ({ ...file, name: `${head}:${file.path}` })));
  const input = asked.map(({ name }) => `${name}\n`).join("");
  const answers = (await gitText(["cat-file", "--batch-check=%(objectname)"], { ...options, input })).split("\n");
  const known = new Set(asked.flatMap(({ oid, path }, index) => (answers[index] === oid ? [path] : [])));
  return files.map(({ path }) => path).filter((path) => !known.has(path));
}

export function workflowStop(files: readonly string[], report: StackReport): { ok: false; stop: JobStop } {
  const more = files.length > NAMED ? ` and ${files.length - NAMED} more` : "";
  return stopped(
    "needs_intervention",
    "workflow_permission",
    `${report.branch} on ${report.onto.ref} changes ${files.slice(0, NAMED).join(", ")}${more} in the fork, and the ` +
      "runner's credential may not write workflow files (PATCH_MOI_WORKFLOWS=deny): give the runner a token with the " +
      "`workflow` scope (Workflows: write) and lift the setting, or push those commits yourself; then resume",
  );
}
