/**
 * Which steps of a workspace's packages an event is for: those of its type whose schema takes its payload.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { z } from "@hono/zod-openapi";
import { Ajv, type AnySchema, type Options } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describeError } from "../client/command-failure.ts";
import type { FlowStep } from "./flow-manifest.ts";
import type { FlowPackage, Workspace } from "./flow-package.ts";
import type { PackageEvent } from "./package-event.ts";
import { followPath } from "./package-path.ts";

/** For compiling one schema and for checking one payload: a pattern may take for ever. */
const TIME_LIMIT_MS = 2000;

const MAX_SCHEMA_BYTES = 1024 * 1024;

export type MatchedStep = { package: FlowPackage; step: FlowStep };

/** A step that was for the event's type, and why it is not run. */
export type PassedOver = { flow: string; step: string; why: string };

/** `unusable`: it cannot be said whether a step matches; nothing may run until it can. */
export type Matches = { matched: MatchedStep[]; passedOver: PassedOver[]; unusable: PassedOver[] };

export function matchEvent(workspace: Workspace, event: PackageEvent): Matches {
  const matches: Matches = { matched: [], passedOver: [], unusable: [] };
  for (const flow of workspace.packages)
    for (const step of flow.manifest.steps) {
      if (step.trigger?.type !== event.type) continue;
      const named = { flow: flow.manifest.name, step: step.name };
      const verdict = checkPayload(flow, step.trigger.schema, event.payload);
      if (verdict.kind === "match") matches.matched.push({ package: flow, step });
      else if (verdict.kind === "mismatch") matches.passedOver.push({ ...named, why: verdict.why });
      else matches.unusable.push({ ...named, why: verdict.why });
    }
  return matches;
}

type Verdict = { kind: "match" } | { kind: "mismatch" | "unusable"; why: string };

type Trigger = NonNullable<FlowStep["trigger"]>;

function checkPayload(flow: FlowPackage, schema: Trigger["schema"], payload: unknown): Verdict {
  if (schema === undefined) return { kind: "match" };
  const read = typeof schema === "string" ? readSchema(flow, schema) : { ok: true as const, schema };
  if (!read.ok) return { kind: "unusable", why: read.problem };
  try {
    const check = withinTime(() => validatorFor(read.schema).compile(read.schema));
    const right = withinTime(() => check(payload));
    if (right === true) return { kind: "match" };
    const [error] = check.errors ?? [];
    const where = error === undefined || error.instancePath === "" ? "the payload" : `payload${error.instancePath}`;
    return { kind: "mismatch", why: `${where} ${error?.message ?? "does not fit the schema"}` };
  } catch (error) {
    return { kind: "unusable", why: `its schema cannot be used: ${describeError(error)}` };
  }
}

type ReadSchema = { ok: true; schema: Record<string, unknown> | boolean } | { ok: false; problem: string };

function readSchema(flow: FlowPackage, path: string): ReadSchema {
  const followed = followPath(path, { from: flow.root, within: flow.root, what: "file" });
  if (!followed.ok) return { ok: false, problem: `its schema ${followed.problem}` };
  const { size } = statSync(followed.path);
  if (size > MAX_SCHEMA_BYTES)
    return { ok: false, problem: `its schema has ${size} bytes, more than ${MAX_SCHEMA_BYTES}` };
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(followed.path, "utf8"));
  } catch (error) {
    return {
      ok: false,
      problem: `its schema '${path}' is not JSON: ${describeError(error)}`,
    };
  }
  const schema = z.union([z.record(z.string(), z.unknown()), z.boolean()]).safeParse(document);
  if (!schema.success) return { ok: false, problem: `its schema '${path}' is neither an object nor a boolean` };
  return { ok: true, schema: schema.data };
}

/** As the standard has it: unknown keywords are ignored and formats are annotations. */
const OPTIONS: Options = { strict: false, validateFormats: false, logger: false, addUsedSchema: false };

function validatorFor(schema: AnySchema): Ajv {
  const dialect = typeof schema === "object" && "$schema" in schema ? String(schema.$schema) : "";
  if (dialect.includes("2020-12")) return new Ajv2020(OPTIONS);
  if (dialect.includes("2019-09")) return new Ajv2019(OPTIONS);
  return new Ajv(OPTIONS);
}

/** Runs `work` for at most {@link TIME_LIMIT_MS}: a regular expression cannot be ended in any other way. */
function withinTime<T>(work: () => T): T {
  const done: { value?: T } = {};
  const context = createContext({
    work: () => {
      done.value = work();
    },
  });
  runInContext("work()", context, { timeout: TIME_LIMIT_MS });
  // It has run to its end, or the line above has thrown.
  return done.value as T;
}
