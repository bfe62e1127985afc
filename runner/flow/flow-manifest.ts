/**
 * `flow.toml`: which events a flow package is for, and what it runs for them.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { parse, TomlError } from "smol-toml";
import { describeIssues } from "../../worker/contract/issue-words.ts";

/** Longest a step may run, and how long it may when it does not say. */
const MAX_TIMEOUT_MS = 24 * 3600 * 1000;
const DEFAULT_TIMEOUT_MS = 300_000;

/** Name of a package or step: it goes into reports, logs and messages. */
const FlowName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "use 1 to 100 of A-Z a-z 0-9 . _ -");

/** A path below the package, or relative to it; where it leads is checked when it is used. */
const RelativePath = z.string().min(1).max(1000);

export const StepRunner = z.enum(["node", "bun", "shell", "code-mode"]);
export type StepRunner = z.infer<typeof StepRunner>;

const Trigger = z.strictObject({
  /** The event's type, as `upstream.release`. */
  type: z.string().min(1).max(200),
  /** JSON Schema of the payload: a file of the package, or the schema itself as a table. */
  schema: z.union([RelativePath, z.record(z.string(), z.unknown())]).optional(),
});

const FlowStep = z.strictObject({
  name: FlowName,
  runner: StepRunner,
  script: RelativePath,
  cwd: RelativePath.optional(),
  timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS),
  /** Without it no event starts the step. */
  trigger: Trigger.optional(),
});
export type FlowStep = z.infer<typeof FlowStep>;

export const FlowManifest = z
  .strictObject({
    name: FlowName,
    version: z.union([z.string().min(1).max(64), z.number()]).default("0"),
    description: z.string().max(4000).optional(),
    /** Handed to every step as it is. */
    config: z.record(z.string(), z.unknown()).default({}),
    /** Words for people and agents who maintain the package; nothing here reads them. */
    guidance: z.unknown().optional(),
    steps: z.array(FlowStep).min(1, "a package needs at least one [[steps]]").max(100),
  })
  .superRefine(({ steps }, ctx) => {
    for (const [i, { name }] of steps.entries())
      if (steps.findIndex((step) => step.name === name) < i)
        ctx.addIssue({ code: "custom", path: ["steps", i, "name"], message: `'${name}' is declared twice` });
  });
export type FlowManifest = z.infer<typeof FlowManifest>;

export type ParsedManifest = { ok: true; manifest: FlowManifest } | { ok: false; problem: string };

/** The manifest in the text of a `flow.toml`, or what is wrong with it. */
export function parseManifest(text: string): ParsedManifest {
  let document: unknown;
  try {
    document = parse(text, { integersAsBigInt: false });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = "not TOML"] = error.message.split("\n");
    return { ok: false, problem: `${error.line}:${error.column}: ${first.replace(/^Invalid TOML document: /, "")}` };
  }
  const parsed = FlowManifest.safeParse(plain(document));
  if (parsed.success) return { ok: true, manifest: parsed.data };
  return { ok: false, problem: describeIssues(parsed.error).slice(0, 5).join("; ") };
}

/** TOML's dates as text, since all of it becomes JSON. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  return value;
}
