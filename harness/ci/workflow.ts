/**
 * Runs a workflow as GitHub or Forgejo does: every job in a folder and with an environment of its own, which
 * hold what the job declares and nothing else.
 *
 * @module
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pinnedAction, useAction } from "./artifact-actions.ts";
import { type Context, fill, holds } from "./expressions.ts";
import { shell } from "./shell.ts";
import { type Job, readAction, readWorkflow, type Step } from "./workflow-file.ts";

export type JobEnd = {
  result: "success" | "failure" | "skipped";
  outputs: Record<string, string>;
  /** Everything that its steps were started with. */
  environment: Record<string, string>;
  output: string;
};

/** What a job's own token may do in the repository. */
export type TokenScope = "none" | "read" | "write";

export type WorkflowRun = {
  forge: "github" | "forgejo";
  /** The workflow file's text. */
  text: string;
  folder: string;
  runId?: string;
  inputs: Record<string, string>;
  vars: Record<string, string>;
  secrets?: Record<string, string>;
  /** A folder with the programs that a runner image would fetch. */
  packages: string;
  /** What a job that may ask for ID tokens gets. */
  idTokenEnvironment: () => Record<string, string>;
  /** The token that the forge gives a job. */
  token: (scope: TokenScope) => string;
  /** Composite actions by the name they are used under, and the folder of each. */
  actions?: Readonly<Record<string, string>>;
  /** Done to a job's artifacts before the next job starts. */
  after?: (job: string, artifacts: string) => void;
};

type Place = { folder: string; workspace: string; artifacts: string };
type Bench = { run: WorkflowRun; place: Place; given: Record<string, string>; end: JobEnd };

export async function runWorkflow(run: WorkflowRun): Promise<Record<string, JobEnd>> {
  const { jobs, permissions } = readWorkflow(run.text);
  const runId = run.runId ?? String(Math.floor(Math.random() * 1e9));
  const artifacts = join(run.folder, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  const ends: Record<string, JobEnd> = {};
  // In the order of the file, in which ours needs only what stands before.
  for (const [name, job] of Object.entries(jobs)) {
    const scope = scopeOf(run.forge, job.permissions ?? permissions);
    const needs = Object.fromEntries(job.needs.map((need) => [need, ends[need]]));
    const { inputs, vars, secrets = {} } = run;
    const context: Context = { inputs, vars, secrets, needs, github: { token: run.token(scope) } };
    const succeeded = job.needs.every((need) => ends[need]?.result === "success");
    const starts = job.if === undefined ? succeeded : holds(job.if, context, succeeded);
    ends[name] = starts
      ? await runJob(name, job, context, run, { runId, artifacts })
      : { result: "skipped", outputs: {}, environment: {}, output: "" };
    run.after?.(name, artifacts);
  }
  return ends;
}

/** Forgejo knows no permissions: a job's token may write. */
function scopeOf(forge: WorkflowRun["forge"], permissions: Job["permissions"]): TokenScope {
  if (forge === "forgejo") return "write";
  const contents = permissions?.contents;
  return contents === "write" || contents === "read" ? contents : "none";
}

async function runJob(
  name: string,
  job: Job,
  context: Context,
  run: WorkflowRun,
  { runId, artifacts }: { runId: string; artifacts: string },
): Promise<JobEnd> {
  const folder = join(run.folder, name);
  const workspace = join(folder, "workspace");
  mkdirSync(workspace, { recursive: true });
  symlinkSync(run.packages, join(workspace, "node_modules"));
  const mayAsk = run.forge === "github" ? job.permissions?.["id-token"] === "write" : job["enable-openid-connect"];
  const given: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    CI: "true",
    GITHUB_RUN_ID: runId,
    GITHUB_RUN_ATTEMPT: "1",
    npm_config_offline: "true",
    ...(mayAsk ? run.idTokenEnvironment() : {}),
    // As Forgejo does, asked for or not.
    ...(run.forge === "forgejo" ? { GITHUB_TOKEN: run.token("write"), FORGEJO_TOKEN: run.token("write") } : {}),
  };
  const end: JobEnd = { result: "success", outputs: {}, environment: { ...given }, output: "" };
  const steps = await runSteps(job.steps, context, { run, place: { folder, workspace, artifacts }, given, end });
  const inJob = { ...context, steps };
  end.outputs = Object.fromEntries(Object.entries(job.outputs).map(([key, text]) => [key, fill(text, inJob)]));
  return end;
}

type StepOutputs = Record<string, { outputs: Record<string, string> }>;

async function runSteps(steps: readonly Step[], context: Context, bench: Bench): Promise<StepOutputs> {
  const { end } = bench;
  const done: StepOutputs = {};
  const inJob = { ...context, steps: done };
  for (const step of steps) {
    const goesOn = end.result === "success";
    if (!(step.if === undefined ? goesOn : holds(step.if, inJob, goesOn))) continue;
    const { ok, outputs } = step.uses === undefined ? await script(step, inJob, bench) : await use(step, inJob, bench);
    if (!ok && !step["continue-on-error"]) end.result = "failure";
    if (step.id !== undefined) done[step.id] = { outputs };
  }
  return done;
}

type StepEnd = { ok: boolean; outputs: Record<string, string> };

async function use(step: Step, context: Context, bench: Bench): Promise<StepEnd> {
  const { run, place } = bench;
  const action = pinnedAction(step.uses ?? "");
  const given = Object.fromEntries(
    Object.entries(step.with).map(([key, value]) => [key, fill(String(value), context)]),
  );
  const folder = run.actions?.[action];
  if (folder === undefined) return { ok: useAction(action, given, place.workspace, place.artifacts), outputs: {} };
  const { inputs: declared, runs, outputs } = readAction(join(folder, "action.yml"));
  for (const name of Object.keys(given)) if (!(name in declared)) throw new Error(`${action} has no input '${name}'`);
  const inputs = Object.fromEntries(
    Object.entries(declared).map(([name, { default: otherwise = "" }]) => [name, given[name] ?? otherwise]),
  );
  const before = bench.end.result;
  const steps = await runSteps(runs.steps, { inputs }, bench);
  const inAction = { inputs, steps };
  const told = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, fill(value, inAction)]));
  return { ok: bench.end.result === before, outputs: told };
}

async function script(step: Step, context: Context, { place, given, end }: Bench): Promise<StepEnd> {
  const file = join(place.folder, "step-output");
  writeFileSync(file, "");
  const own = Object.fromEntries(Object.entries(step.env).map(([key, text]) => [key, fill(text, context)]));
  const env = { ...given, ...own, GITHUB_OUTPUT: file };
  Object.assign(end.environment, env);
  // As it stands in the file: a forge puts expressions into the script before the shell sees it.
  const ran = await shell(fill(step.run ?? "", context), place.workspace, env);
  end.output += ran.output;
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const outputs = Object.fromEntries(
    lines.map((line) => line.split("=")).map(([key = "", value = ""]) => [key, value]),
  );
  return { ok: ran.code === 0, outputs };
}
