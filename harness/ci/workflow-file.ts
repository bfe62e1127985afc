/**
 * Workflow files and composite actions, as far as our own use the form: what is not known is refused.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const Step = z.strictObject({
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
  run: z.string().optional(),
  shell: z.literal("bash").optional(),
  env: z.record(z.string(), z.string()).default({}),
  "continue-on-error": z.boolean().default(false),
});
export type Step = z.infer<typeof Step>;

const Job = z.strictObject({
  needs: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
  if: z.string().optional(),
  "runs-on": z.string(),
  container: z.string().optional(),
  /** GitHub's: without it a job has what the workflow has. */
  permissions: z.record(z.string(), z.string()).optional(),
  /** Forgejo's word for `id-token: write`. */
  "enable-openid-connect": z.boolean().default(false),
  outputs: z.record(z.string(), z.string()).default({}),
  steps: z.array(Step),
});
export type Job = z.infer<typeof Job>;

const Workflow = z.strictObject({
  name: z.string(),
  "run-name": z.string(),
  on: z.unknown(),
  permissions: z.record(z.string(), z.string()).optional(),
  jobs: z.record(z.string(), Job),
});
export type Workflow = z.infer<typeof Workflow>;

const CompositeAction = z.strictObject({
  name: z.string(),
  description: z.string(),
  inputs: z.record(
    z.string(),
    z.strictObject({ description: z.string(), required: z.boolean().optional(), default: z.string().optional() }),
  ),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({ using: z.literal("composite"), steps: z.array(Step) }),
});
export type CompositeAction = z.infer<typeof CompositeAction>;

export function readWorkflow(text: string): Workflow {
  return Workflow.parse(parse(text));
}

export function readAction(file: string): CompositeAction {
  return CompositeAction.parse(parse(readFileSync(file, "utf8")));
}
