/**
 * The workflow file on its way into the fork: one branch, one pull request, both found again.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Forge, Forged, Pull } from "../../worker/forges/forge.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { isOurs } from "./workflow-template.ts";

/** The branch that the file is proposed from. */
export const SETUP_BRANCH = "patch-moi/setup";

const TITLE = "Let this fork's CI carry its patches (patch.moi)";

export type WorkflowState =
  /** The file stands where it is started from, as it should be. */
  | { kind: "current" }
  /** Somebody else's file stands there. */
  | { kind: "foreign" }
  | { kind: "absent" | "outdated"; pull?: Pull };

export type Wanted = { path: string; ref: string; text: string };

/** How the file stands on its branch, and what is proposed already. */
export async function workflowState(forge: Forge, { path, ref, text }: Wanted): Promise<WorkflowState> {
  const file = await must(forge.readFile(path, ref));
  if (file?.text === text) return { kind: "current" };
  if (file !== undefined && !isOurs(file.text)) return { kind: "foreign" };
  const pull = (await must(forge.pullsOf(SETUP_BRANCH))).find(({ base, head }) => base === ref && head.here);
  const kind = file === undefined ? "absent" : "outdated";
  return pull === undefined ? { kind } : { kind, pull };
}

export type Proposed =
  | { kind: "opened" | "updated" | "unchanged"; pull: Pull }
  /** A person closed it: it is theirs to open again. */
  | { kind: "closed"; pull: Pull };

/** Opens the pull request, or brings the one that is open up to date. */
export async function propose(forge: Forge, wanted: Wanted, known: Pull | undefined): Promise<Proposed> {
  const { path, ref, text } = wanted;
  const branch = await must(forge.refOid(`heads/${SETUP_BRANCH}`));
  if (known?.state === "closed" && branch !== undefined) return { kind: "closed", pull: known };
  if (branch === undefined) {
    const from = await must(forge.refOid(`heads/${ref}`));
    if (from === undefined) throw new CommandFailure("no_branch", `the fork has no branch '${ref}' to start from`);
    await must(forge.createBranch(SETUP_BRANCH, from));
  }
  const there = await must(forge.readFile(path, SETUP_BRANCH));
  const writes = there?.text !== text;
  if (writes) {
    const oid = there === undefined ? {} : { oid: there.oid };
    await must(forge.writeFile({ path, text, branch: SETUP_BRANCH, message: "Add the workflow of patch.moi", ...oid }));
  }
  const body = describe(wanted);
  if (known?.state !== "open") {
    const pull = await must(forge.createPull({ title: TITLE, body, head: SETUP_BRANCH, base: ref, draft: false }));
    return { kind: "opened", pull };
  }
  if (isDeepStrictEqual([known.body, writes], [body, false])) return { kind: "unchanged", pull: known };
  return { kind: "updated", pull: await must(forge.updatePull(known.number, { body })) };
}

function describe({ path, ref }: Wanted): string {
  return [
    `Adds \`${path}\`, which does the Git work of carrying this fork's patches over upstream releases when the`,
    "deployment that is named in it starts it. Nothing else starts it, and without a release nothing happens.",
    "",
    "- The job that runs upstream's code has no credential and may ask for none.",
    "- The job that pushes replays the patches itself and pushes candidates to branches of their own.",
    "",
    `Once this is on \`${ref}\`, \`patch.moi setup forge\` checks that the deployment lets the job in.`,
  ].join("\n");
}

/** What the forge answers, or its refusal as the end of the command. */
export async function must<T>(asked: Forged<T>): Promise<T> {
  const given = await asked;
  if (given.ok) return given.value;
  throw new CommandFailure(`forge_${given.failure.code}`, given.failure.message);
}
