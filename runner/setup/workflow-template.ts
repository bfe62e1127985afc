/**
 * The workflow of a fork: where it stands on each forge, and our file made this deployment's.
 *
 * @module
 */
import type { ForgeKind } from "../../worker/contract/forge.ts";
import { WORKFLOW_FILES } from "./workflow-files.ts";

/** Where it may stand. */
export const WORKFLOW_PATHS: Readonly<Record<ForgeKind, readonly [string, ...string[]]>> = {
  github: [".github/workflows/patch-moi.yml"],
  forgejo: [".forgejo/workflows/patch-moi.yml", ".gitea/workflows/patch-moi.yml"],
  gitlab: [".gitlab-ci.yml"],
};

/** How a job proves who it is. */
export type JobIdentity = "token" | "secret";

/**
 * Where our file is put. Gitea reads its own folder and not Forgejo's; Forgejo reads Gitea's too, as long as it has
 * none of its own.
 */
export function workflowPath(kind: ForgeKind, identity: JobIdentity): string {
  return kind === "forgejo" && identity === "secret" ? ".gitea/workflows/patch-moi.yml" : WORKFLOW_PATHS[kind][0];
}

/** The first line of our files: by it one is known again that somebody else's version made. */
const FIRST_LINE = "# Carries this fork's patches over upstream releases, when patch.moi asks for it.";

/** The file for a deployment. Its address stands in it: who may set a variable of the repository shall not change it. */
export function workflowFor(kind: ForgeKind, server: URL, identity: JobIdentity): string {
  const address = server.origin;
  const text = WORKFLOW_FILES[kind]
    .replaceAll(/\$\{\{ vars\.PATCH_MOI_URL \}\}/g, () => address)
    .replaceAll("https://patch-moi.example.workers.dev", () => address)
    .replace("(vars.PATCH_MOI_URL counts)", "(what stands below counts)");
  if (identity === "token") return text;
  // A forge that knows no ID tokens may refuse a file that asks for them.
  return text.replaceAll(/^ +enable-openid-connect: true\n/gm, "");
}

/** Whether a file was made by some version of this program. */
export function isOurs(text: string): boolean {
  return text.startsWith(FIRST_LINE);
}
