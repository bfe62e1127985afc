/**
 * Runs a pipeline as GitLab does: every job in a folder and with an environment of its own, which hold what the
 * job declares, what GitLab gives every job, and nothing else. Of the form it knows what our own file uses.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { shell } from "./shell.ts";
import type { JobEnd, TokenScope } from "./workflow.ts";

const Job = z.strictObject({
  extends: z.string().optional(),
  image: z.string().optional(),
  stage: z.string().optional(),
  needs: z.array(z.string()).default([]),
  rules: z
    .array(z.strictObject({ if: z.string(), when: z.enum(["on_success", "on_failure"]).default("on_success") }))
    .optional(),
  environment: z.strictObject({ name: z.string(), action: z.literal("access") }).optional(),
  variables: z.record(z.string(), z.string()).default({}),
  id_tokens: z.record(z.string(), z.strictObject({ aud: z.string() })).default({}),
  script: z.array(z.string()).default([]),
  artifacts: z
    .strictObject({
      when: z.enum(["on_success", "always"]).default("on_success"),
      paths: z.array(z.string()),
      reports: z.strictObject({ dotenv: z.string() }).optional(),
      expire_in: z.string(),
      access: z.literal("developer"),
    })
    .optional(),
});
type Job = z.infer<typeof Job>;

export type PipelineRun = {
  /** The text of `.gitlab-ci.yml`. */
  text: string;
  folder: string;
  id: string;
  /** Of the request that made the pipeline: these win over the file's. */
  variables: Record<string, string>;
  packages: string;
  idToken: (audience: string) => Promise<string>;
  /** `CI_JOB_TOKEN`, which every job has: it may read. */
  token: (scope: TokenScope) => string;
  /** The project's variables for one environment. */
  environments: Readonly<Record<string, Record<string, string>>>;
};

/** The jobs of the file, with what they extend put in. */
export function readPipeline(text: string): { variables: Record<string, string>; jobs: Record<string, Job> } {
  const { stages, variables, ...rest } = z
    .looseObject({ stages: z.array(z.string()), variables: z.record(z.string(), z.string()) })
    .parse(parse(text));
  const all = Object.fromEntries(Object.entries(rest).map(([name, job]) => [name, Job.parse(job)]));
  const jobs = Object.entries(all)
    .filter(([name]) => !name.startsWith("."))
    .map(([name, job]): [string, Job] => {
      const base = job.extends === undefined ? undefined : all[job.extends];
      const extended = { ...base, ...job, variables: { ...base?.variables, ...job.variables } };
      return [name, { ...extended, rules: job.rules ?? base?.rules }];
    })
    .toSorted(([, a], [, b]) => stages.indexOf(a.stage ?? "") - stages.indexOf(b.stage ?? ""));
  return { variables, jobs: Object.fromEntries(jobs) };
}

export async function runPipeline(run: PipelineRun): Promise<Record<string, JobEnd>> {
  const { variables, jobs } = readPipeline(run.text);
  const ends: Record<string, JobEnd> = {};
  for (const [name, job] of Object.entries(jobs)) {
    const rule = job.rules?.find((one) => run.variables[one.if.replace(/^\$/, "")]);
    const failed = job.needs.some((need) => ends[need]?.result === "failure");
    const passed = job.needs.every((need) => ends[need]?.result === "success");
    const starts = rule !== undefined && (rule.when === "on_failure" ? failed : passed);
    ends[name] = starts
      ? await runJob(name, job, variables, run)
      : { result: "skipped", outputs: {}, environment: {}, output: "" };
  }
  return ends;
}

async function runJob(
  name: string,
  job: Job,
  fileVariables: Record<string, string>,
  run: PipelineRun,
): Promise<JobEnd> {
  const folder = join(run.folder, name);
  const workspace = join(folder, "workspace");
  mkdirSync(workspace, { recursive: true });
  symlinkSync(run.packages, join(workspace, "node_modules"));
  const dotenv: Record<string, string> = {};
  for (const need of job.needs) {
    const kept = artifactsOf(run, need);
    if (existsSync(kept)) cpSync(kept, workspace, { recursive: true });
    const told = `${kept}.env`;
    if (existsSync(told)) Object.assign(dotenv, variablesOf(readFileSync(told, "utf8")));
  }
  const given: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    CI: "true",
    GITLAB_CI: "true",
    CI_PIPELINE_ID: run.id,
    CI_JOB_TOKEN: run.token("read"),
    npm_config_offline: "true",
  };
  // In GitLab's order: what is said later wins.
  const env: Record<string, string> = { ...given, ...fileVariables, ...job.variables, ...dotenv };
  Object.assign(env, job.environment === undefined ? {} : run.environments[job.environment.name], run.variables);
  for (const [key, text] of Object.entries(env)) env[key] = expand(text, env);
  for (const [key, { aud }] of Object.entries(job.id_tokens)) env[key] = await run.idToken(expand(aud, env));
  const ran = await shell(job.script.join("\n"), workspace, env);
  const result = ran.code === 0 ? "success" : "failure";
  keepArtifacts(run, name, job, workspace, result);
  return { result, outputs: {}, environment: env, output: ran.output };
}

function keepArtifacts(run: PipelineRun, name: string, job: Job, workspace: string, result: JobEnd["result"]): void {
  const { artifacts } = job;
  if (artifacts === undefined || (result !== "success" && artifacts.when !== "always")) return;
  for (const path of artifacts.paths) {
    const to = join(artifactsOf(run, name), path);
    mkdirSync(dirname(to), { recursive: true });
    if (existsSync(join(workspace, path))) cpSync(join(workspace, path), to, { recursive: true });
  }
  const dotenv = artifacts.reports?.dotenv;
  if (dotenv !== undefined) cpSync(join(workspace, dotenv), `${artifactsOf(run, name)}.env`);
}

function artifactsOf({ folder }: PipelineRun, job: string): string {
  return join(folder, "artifacts", job);
}

function variablesOf(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => line.split("=")).map(([key = "", value = ""]) => [key, value]));
}

/** `$NAME`, as GitLab itself puts variables into variables and audiences. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$([A-Z_]+)/g, (_, name: string) => env[name] ?? "");
}
