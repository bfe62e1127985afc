/**
 * The actions of others that our workflows use, by name; each must be pinned by a commit. What a run keeps
 * is in its folder of artifacts.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/** The name of an action, once it is certain that it is pinned. */
export function pinnedAction(uses: string): string {
  const [, action = "", commit] = /^(.+)@([^@]+)$/.exec(uses) ?? [];
  if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit)) throw new Error(`${uses} is not pinned by a commit`);
  return action;
}

/** Does what the action does; false when it fails. */
export function useAction(
  action: string,
  given: Record<string, unknown>,
  workspace: string,
  artifacts: string,
): boolean {
  const at = join(artifacts, String(given.name));
  const path = join(workspace, String(given.path));
  switch (action) {
    case "actions/setup-node":
      return true;
    case "actions/upload-artifact":
    case "https://code.forgejo.org/forgejo/upload-artifact":
      if (!existsSync(path)) return true;
      mkdirSync(at, { recursive: true });
      cpSync(path, statSync(path).isDirectory() ? at : join(at, basename(path)), { recursive: true });
      return true;
    case "actions/download-artifact":
    case "https://code.forgejo.org/forgejo/download-artifact":
      if (!existsSync(at)) return false;
      cpSync(at, path, { recursive: true });
      return true;
    default:
      throw new Error(`${action} is not an action that this knows`);
  }
}
