/**
 * Runs one step of a flow package, contained: without credentials, within its time and its output, in
 * a process group of its own.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FlowResult } from "../../worker/contract/flow-result.ts";
import type { Environment } from "../client/settings.ts";
import { containedEnvironment, runContained } from "../job/contained-process.ts";
import type { Redactor } from "../job/redact.ts";
import { makeWorkFolder, removeFolder } from "../job/work-folder.ts";
import { findProgram } from "./find-program.ts";
import { FlowOutput } from "./flow-output.ts";
import type { MatchedStep } from "./match-event.ts";
import { followPath } from "./package-path.ts";
import type { StepContext } from "./step-context.ts";
import { judgeStep, type StepVerdict } from "./step-failure.ts";

const LAUNCHER = fileURLToPath(new URL("step-launcher.ts", import.meta.url));
const BUILT_IN = new URL("built-in.ts", import.meta.url).href;
const CLI = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Switches of packages, no secrets. `PATCH_MOI_FLOW_ENV` names what else steps may see. */
const SWITCHES = ["CODEX_FLOW_PUSH", "CODEX_FLOW_PUBLISH", "CODEX_FLOW_FETCH", "PATCH_MOI_COMMITTER"] as const;

export type RunnableStep = MatchedStep & { program: string; script: string; cwd: string };

export type StepRequest = {
  step: RunnableStep;
  context: StepContext;
  /** Where its folders are made. */
  under: string;
  env: Environment;
  signal: AbortSignal;
  redact: Redactor;
  log: (text: string) => void;
};

export type StepEnd = StepVerdict & { artifacts?: FlowResult["artifacts"]; seconds: number };

/** Where the step's script and folder are and what runs it; or why it cannot run on this machine. */
export function prepareStep(
  matched: MatchedStep,
  env: Environment,
): { ok: true; step: RunnableStep } | { ok: false; code: string; problem: string } {
  const { package: flow, step } = matched;
  const script = followPath(step.script, { from: flow.root, within: flow.root, what: "file" });
  if (!script.ok) return { ok: false, code: "flow_package_invalid", problem: `its script ${script.problem}` };
  const cwd = followPath(step.cwd ?? ".", { from: flow.root, within: flow.workspace, what: "folder" });
  if (!cwd.ok) return { ok: false, code: "flow_package_invalid", problem: `its cwd ${cwd.problem}` };
  if (step.runner === "code-mode" && env.CODEX_FLOWS_ENABLE_CODE_MODE !== "1")
    return {
      ok: false,
      code: "code_mode_off",
      problem: "it is a code-mode step; set CODEX_FLOWS_ENABLE_CODE_MODE=1 for the runner to allow these",
    };
  const program = programOf(step.runner, env);
  if (program === undefined)
    return {
      ok: false,
      code: "program_missing",
      problem: `it needs ${step.runner}, which is not on the runner's PATH; install it there`,
    };
  return { ok: true, step: { ...matched, program, script: script.path, cwd: cwd.path } };
}

/** Runs it to its end, whatever that is; rejects with the signal's reason when that is aborted. */
export async function runStep(request: StepRequest): Promise<StepEnd> {
  const { step, context, env, signal, log } = request;
  const folder = makeWorkFolder(request.under, "flow");
  try {
    const folders = { home: join(folder, "home"), temp: join(folder, "tmp") };
    for (const made of Object.values(folders)) mkdirSync(made);
    const input = `${JSON.stringify(context)}\n`;
    const contextFile = join(folder, "context.json");
    writeFileSync(contextFile, input);
    const output = new FlowOutput(request.redact, log);
    const end = await runContained({
      command: step.program,
      args: argumentsOf(step, contextFile),
      cwd: step.cwd,
      env: { ...stepEnvironment(folders, env, context), PATCH_MOI_FLOW_CONTEXT: contextFile },
      input,
      timeoutMs: step.step.timeout_ms,
      signal,
      onOutput: (stream, chunk) => output.push(stream, chunk),
    });
    const { output: ends, result } = output.finish();
    if (result.kind === "result" && result.earlier > 0)
      log(`it printed ${result.earlier + 1} lines FLOW_RESULT; the last one counts`);
    const verdict = judgeStep(step.step, end, result, ends);
    const artifacts = result.kind === "result" ? result.result.artifacts : undefined;
    return { ...verdict, artifacts, seconds: end.seconds };
  } finally {
    removeFolder(folder);
  }
}

function programOf(runner: MatchedStep["step"]["runner"], env: Environment): string | undefined {
  switch (runner) {
    case "node":
    case "code-mode":
      return process.execPath;
    case "bun":
      return findProgram("bun", env.PATH);
    case "shell":
      return findProgram("sh", env.PATH);
  }
}

function argumentsOf({ step, script }: RunnableStep, contextFile: string): string[] {
  return step.runner === "shell" ? [script] : [LAUNCHER, step.runner, script, contextFile];
}

function stepEnvironment(
  folders: { home: string; temp: string },
  env: Environment,
  context: StepContext,
): Record<string, string> {
  const switches = [env.PATCH_MOI_FLOW_ENV, ...SWITCHES].join(",");
  const passed = containedEnvironment(folders, env, switches);
  return {
    ...passed,
    // Packages for people's machines ask this switch; it must not be on where nothing may be pushed.
    ...(context.runtime.push ? {} : { CODEX_FLOW_PUSH: "0" }),
    // The Node that runs the runner is found before an older one of the system.
    PATH: [join(process.execPath, ".."), passed.PATH ?? ""].join(delimiter),
    PATCH_MOI_NODE: process.execPath,
    PATCH_MOI_CLI: CLI,
    PATCH_MOI_BUILT_IN: BUILT_IN,
  };
}
