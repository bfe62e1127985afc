/**
 * Driver, surface and identity of a stack, on the server and in the file that declares it.
 *
 * @module
 */
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "@hono/zod-openapi";
import { type Stack, StackConfig } from "../../worker/contract/stack.ts";
import type { SurfaceSettings } from "../../worker/contract/surface.ts";
import type { RepositoryFacts } from "../../worker/forges/forge.ts";
import { openConfiguration, saveConfiguration, withStackField } from "./configuration-file.ts";
import type { ForgeBench } from "./forge-bench.ts";
import { DRIVER_OF, identityOf } from "./job-identity.ts";
import type { Point } from "./point.ts";
import type { SetupForge } from "./setup-forge-client.ts";

/** Driver, ref and identity of the stack, on the server and in the file that declares it. */
export async function stackPoint(
  bench: ForgeBench,
  { repository, settings }: SetupForge,
  facts: RepositoryFacts,
): Promise<Point> {
  const { stack, given, api, apply, place } = bench;
  const name = "stack";
  const driver = DRIVER_OF[repository.kind];
  const identity =
    given.identity === "token"
      ? identityOf(repository, facts, place, given.issuer ?? stack.policy.identity?.issuer)
      : undefined;
  const surface = surfaceFor(stack, facts, place);
  const fields: [path: string[], now: unknown, wanted: unknown][] = [
    [["policy", "driver"], stack.policy.driver, driver],
    [["policy", "surface"], stack.policy.surface, surface],
    [["policy", "identity"], stack.policy.identity, identity],
    [["fork", "forge"], stack.fork?.forge, stack.fork?.forge ?? settings],
  ];
  const changes = fields.filter(([, now, wanted]) => !isDeepStrictEqual(now, wanted));
  if (changes.length === 0)
    return {
      name,
      state: "ok",
      says: `'${stack.id}' is started by ${driver} and trusts ${trusted(identity?.workflowRef)}`,
    };
  const what = changes.map(([path]) => path.join(".")).join(", ");
  if (!apply)
    return {
      name,
      state: "todo",
      says: `${what} of '${stack.id}' are not set for this forge`,
      next: "--apply sets them",
    };
  const { upstream, fork, branch, base, policy, channels } = stack;
  const config = StackConfig.parse({
    upstream,
    fork:
      fork === undefined
        ? undefined
        : { ...fork, ...(settings === undefined || fork.forge !== undefined ? {} : { forge: settings }) },
    branch,
    base,
    policy: { ...policy, driver, surface, identity },
    channels,
  });
  await api.request({ method: "PUT", path: ["stacks", stack.id], body: config, answer: z.unknown() });
  const file = openConfiguration(given.file);
  const text = changes.reduce((now, [path, , wanted]) => withStackField(now, stack.id, path, wanted), file.text);
  const kept = text !== file.text;
  if (kept) saveConfiguration(given.file, text);
  const where = kept ? `on the server and in ${given.file}` : "on the server; no file here holds the stack";
  return { name, state: "done", says: `${what} of '${stack.id}' set ${where}` };
}

function trusted(workflowRef: string | undefined): string {
  return workflowRef ?? "registered runners alone";
}

/** Said only where it is not what a surface has by itself. */
function surfaceFor(
  stack: Stack,
  { defaultBranch }: RepositoryFacts,
  { path, ref }: ForgeBench["place"],
): SurfaceSettings | undefined {
  const workflow = basename(path);
  const own = {
    ...stack.policy.surface,
    ...(ref === defaultBranch ? {} : { ref }),
    ...(workflow === "patch-moi.yml" || workflow === ".gitlab-ci.yml" ? {} : { workflow }),
  };
  return Object.keys(own).length === 0 ? undefined : own;
}
