/**
 * GitLab: branches, and files on them.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import { fromBase64Text } from "../file-text.ts";
import type { Branches, Forged } from "../forge.ts";
import { askMaybe, tellForge } from "../forge-request.ts";
import type { GitlabClient } from "./client.ts";

const File = z.object({ blob_id: z.string(), content: z.string() });

export function gitlabBranches({ caller, root }: GitlabClient): Branches {
  return {
    async refOid(name: string): Forged<string | undefined> {
      const [kind, ...rest] = name.split("/");
      const place = kind === "tags" ? "tags" : "branches";
      const path = `${root}/repository/${place}/${encodeURIComponent(rest.join("/"))}`;
      const given = await askMaybe(caller, { path }, z.object({ commit: z.object({ id: z.string() }) }));
      return given.ok ? ok(given.value?.commit.id) : given;
    },

    createBranch(name: string, oid: string): Forged<void> {
      const path = `${root}/repository/branches`;
      return tellForge(caller, { method: "POST", path, body: { branch: name, ref: oid } });
    },

    async readFile(path: string, ref: string) {
      const ask = { path: `${root}/repository/files/${encodeURIComponent(path)}`, query: { ref } };
      const given = await askMaybe(caller, ask, File);
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      return ok({ text: fromBase64Text(given.value.content), oid: given.value.blob_id });
    },

    writeFile({ path, text, branch, message, oid }): Forged<void> {
      const body = { branch, content: text, commit_message: message };
      return tellForge(caller, {
        method: oid === undefined ? "POST" : "PUT",
        path: `${root}/repository/files/${encodeURIComponent(path)}`,
        body,
      });
    },
  };
}
