/**
 * Runs a workflow file as a forge does: every job in a folder and with an environment of its own, which
 * hold what the job declares and nothing else. Of expressions it knows what our own workflow uses.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const Step = z.strictObject({
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).default({}),
  "continue-on-error": z.boolean().default(false),
});
const Job = z.strictObject({
  needs: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
  if: z.string().optional(),
  "runs-on": z.string(),
  permissions: z.record(z.string(), z.string()),
  outputs: z.record(z.string(), z.string()).default({}),
  steps: z.array(Step),
});
export const Workflow = z.strictObject({
  name: z.string(),
  "run-name": z.string(),
  on: z.unknown(),
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), Job),
});

export type JobEnd = {
  result: "success" | "failure" | "skipped";
  outputs: Record<string, string>;
  /** Everything that its steps were started with. */
  environment: Record<string, string>;
  output: string;
};

export type WorkflowRun = {
  file: string;
  folder: string;
  inputs: Record<string, string>;
  vars: Record<string, string>;
  /** A folder with the programs that a runner image would fetch. */
  packages: string;
  /** What a job with `id-token: write` gets. */
  idTokenEnvironment: () => Record<string, string>;
  /** Done to a job's artifacts before the next job starts. */
  after?: (job: string, artifacts: string) => void;
};

type Context = Record<string, unknown>;

export function readWorkflow(file: string): z.infer<typeof Workflow> {
  return Workflow.parse(parse(readFileSync(file, "utf8")));
}

export async function runWorkflow(run: WorkflowRun): Promise<Record<string, JobEnd>> {
  const { jobs } = readWorkflow(run.file);
  const runId = String(Math.floor(Math.random() * 1e9));
  const artifacts = join(run.folder, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  const ends: Record<string, JobEnd> = {};
  // In the order of the file, in which ours needs only what stands before.
  for (const [name, job] of Object.entries(jobs)) {
    const needs = Object.fromEntries(job.needs.map((need) => [need, ends[need]]));
    const context: Context = {
      inputs: run.inputs,
      vars: run.vars,
      needs,
      github: { token: `job-token-${randomUUID()}` },
    };
    const succeeded = job.needs.every((need) => ends[need]?.result === "success");
    const starts = job.if === undefined ? succeeded : holds(job.if, context, succeeded);
    ends[name] = starts
      ? await runJob(name, job, context, run, { runId, artifacts })
      : { result: "skipped", outputs: {}, environment: {}, output: "" };
    run.after?.(name, artifacts);
  }
  return ends;
}

async function runJob(
  name: string,
  job: z.infer<typeof Job>,
  context: Context,
  run: WorkflowRun,
  place: { runId: string; artifacts: string },
): Promise<JobEnd> {
  const folder = join(run.folder, name);
  const workspace = join(folder, "workspace");
  mkdirSync(workspace, { recursive: true });
  symlinkSync(run.packages, join(workspace, "node_modules"));
  const given: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    CI: "true",
    GITHUB_RUN_ID: place.runId,
    GITHUB_RUN_ATTEMPT: "1",
    npm_config_offline: "true",
    ...(job.permissions["id-token"] === "write" ? run.idTokenEnvironment() : {}),
  };
  const end: JobEnd = { result: "success", outputs: {}, environment: { ...given }, output: "" };
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const inJob = { ...context, steps };
  for (const [i, step] of job.steps.entries()) {
    if (!(step.if === undefined ? end.result === "success" : holds(step.if, inJob, end.result === "success"))) continue;
    if (step.uses !== undefined) {
      if (!useAction(step.uses, step.with, workspace, place.artifacts) && !step["continue-on-error"])
        end.result = "failure";
      continue;
    }
    const file = join(folder, `output-${i}`);
    writeFileSync(file, "");
    const own = Object.fromEntries(Object.entries(step.env).map(([key, text]) => [key, fill(text, inJob)]));
    const env = { ...given, ...own, GITHUB_OUTPUT: file };
    Object.assign(end.environment, env);
    // As it stands in the file: a forge puts expressions into the script before the shell sees it.
    const ran = await shell(fill(step.run ?? "", inJob), workspace, env);
    end.output += ran.output;
    if (ran.code !== 0) end.result = "failure";
    const outputs = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split("="));
    if (step.id !== undefined)
      steps[step.id] = { outputs: Object.fromEntries(outputs.map(([key = "", value = ""]) => [key, value])) };
  }
  end.outputs = Object.fromEntries(Object.entries(job.outputs).map(([key, text]) => [key, fill(text, inJob)]));
  return end;
}

/** The three actions of others that ours uses, by name; each must be pinned. */
function useAction(uses: string, given: Record<string, unknown>, workspace: string, artifacts: string): boolean {
  const [action, commit = ""] = uses.split("@");
  if (!/^[0-9a-f]{40}$/.test(commit)) throw new Error(`${uses} is not pinned by a commit`);
  const at = join(artifacts, String(given.name));
  const path = join(workspace, String(given.path));
  switch (action) {
    case "actions/setup-node":
      return true;
    case "actions/upload-artifact":
      if (!existsSync(path)) return true;
      mkdirSync(at, { recursive: true });
      cpSync(path, statSync(path).isDirectory() ? at : join(at, basename(path)), { recursive: true });
      return true;
    case "actions/download-artifact":
      if (!existsSync(at)) return false;
      cpSync(at, path, { recursive: true });
      return true;
    default:
      throw new Error(`${uses} is not an action that this knows`);
  }
}

function shell(script: string, cwd: string, env: Record<string, string>): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], { cwd, env });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString("utf8");
      });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

const fill = (text: string, context: Context): string =>
  text.replaceAll(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, path: string) => value(path, context));

/** `a && b`, `x == 'y'`, `x != 'y'`, `always()`. Without `always()` what came before must have succeeded. */
function holds(expression: string, context: Context, succeeded: boolean): boolean {
  const terms = expression.split("&&").map((term) => term.trim());
  if (!terms.includes("always()") && !succeeded) return false;
  return terms.every((term) => {
    if (term === "always()") return true;
    const parts = /^([\w.-]+) (==|!=) '([^']*)'$/.exec(term);
    if (parts?.[1] === undefined) throw new Error(`'${term}' is not an expression that this knows`);
    return (value(parts[1], context) === parts[3]) === (parts[2] === "==");
  });
}

function value(path: string, context: Context): string {
  let at: unknown = context;
  for (const name of path.split("."))
    at = typeof at === "object" && at !== null ? Object.entries(at).find(([key]) => key === name)?.[1] : undefined;
  return typeof at === "string" ? at : "";
}
