/**
 * Forgejo and Gitea: branches, and files on them.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import { fromBase64Text, toBase64Text } from "../file-text.ts";
import type { Branches, Forged } from "../forge.ts";
import { askMaybe, tellForge } from "../forge-request.ts";
import { encodeRef, type ForgejoClient } from "./client.ts";

const File = z.object({ type: z.literal("file"), sha: z.string(), content: z.string() });

export function forgejoBranches({ caller, root }: ForgejoClient): Branches {
  return {
    async refOid(name: string): Forged<string | undefined> {
      const path = `${root}/git/refs/${encodeRef(name)}`;
      const ref = z.object({ ref: z.string(), object: z.object({ sha: z.string() }) });
      // It answers with every ref that begins so.
      const given = await askMaybe(caller, { path }, z.array(ref));
      return given.ok ? ok(given.value?.find((one) => one.ref === `refs/${name}`)?.object.sha) : given;
    },

    createBranch(name: string, oid: string): Forged<void> {
      const body = { new_branch_name: name, old_ref_name: oid };
      return tellForge(caller, { method: "POST", path: `${root}/branches`, body });
    },

    async readFile(path: string, ref: string) {
      const ask = { path: `${root}/contents/${encodeRef(path)}`, query: { ref } };
      const given = await askMaybe(caller, ask, File);
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      return ok({ text: fromBase64Text(given.value.content), oid: given.value.sha });
    },

    writeFile({ path, text, branch, message, oid }): Forged<void> {
      const body = { branch, message, content: toBase64Text(text), ...(oid === undefined ? {} : { sha: oid }) };
      return tellForge(caller, {
        method: oid === undefined ? "POST" : "PUT",
        path: `${root}/contents/${encodeRef(path)}`,
        body,
      });
    },
  };
}
