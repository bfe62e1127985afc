/**
 * Who this runner is: the name and secret that `runner register` was given, and by which server.
 *
 * @module
 */
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "@hono/zod-openapi";
import { Name } from "../../worker/contract/primitives.ts";
import { decodeSecret } from "../../worker/contract/standard-webhooks.ts";

export const RunnerSecret = z
  .string()
  .refine((text) => decodeSecret(text) !== undefined, "must be a whsec_ secret of 24 bytes or more");

export const RunnerIdentity = z.object({
  name: Name,
  secret: RunnerSecret,
  server: z.url(),
  labels: z.array(Name).default([]),
});
export type RunnerIdentity = z.infer<typeof RunnerIdentity>;

export type IdentityFile =
  | { kind: "found"; identity: RunnerIdentity }
  | { kind: "absent" }
  | { kind: "unreadable"; message: string };

export function loadIdentity(path: string): IdentityFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { kind: "absent" };
    return { kind: "unreadable", message: error instanceof Error ? error.message : String(error) };
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { kind: "unreadable", message: `${path} is not JSON` };
  }
  const parsed = RunnerIdentity.safeParse(document);
  if (!parsed.success)
    return { kind: "unreadable", message: `${path} does not hold a runner's name, secret and server` };
  return { kind: "found", identity: parsed.data };
}

/** Written whole or not at all, readable by its owner only. */
export function saveIdentity(path: string, identity: RunnerIdentity): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o600 });
  // The mode above is for a new file only; a draft left behind keeps the one it had.
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}
