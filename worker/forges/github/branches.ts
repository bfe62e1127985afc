/**
 * GitHub: branches, and files on them.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import { fromBase64Text, toBase64Text } from "../file-text.ts";
import type { Branches, Forged } from "../forge.ts";
import type { GithubClient } from "./client.ts";

const File = z.object({ type: z.literal("file"), sha: z.string(), content: z.string() });
const Ref = z.object({ object: z.object({ sha: z.string() }) });

export function githubBranches(client: GithubClient): Branches {
  return {
    async refOid(name: string): Forged<string | undefined> {
      const given = await client.maybe(
        "GET /repos/{owner}/{repo}/git/ref/{ref}",
        { ref: name },
        { contents: "read" },
        Ref,
      );
      return given.ok ? ok(given.value?.object.sha) : given;
    },

    createBranch(name: string, oid: string): Forged<void> {
      const params = { ref: `refs/heads/${name}`, sha: oid };
      return client.tell("POST /repos/{owner}/{repo}/git/refs", params, { contents: "write" });
    },

    async readFile(path: string, ref: string) {
      const route = "GET /repos/{owner}/{repo}/contents/{path}";
      const given = await client.maybe(route, { path, ref }, { contents: "read" }, File);
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      return ok({ text: fromBase64Text(given.value.content), oid: given.value.sha });
    },

    writeFile({ path, text, branch, message, oid }): Forged<void> {
      const replaces = oid === undefined ? {} : { sha: oid };
      const params = { path, branch, message, content: toBase64Text(text), ...replaces };
      return client.tell("PUT /repos/{owner}/{repo}/contents/{path}", params, { contents: "write" });
    },
  };
}
