/**
 * GitHub: branches, and files on them.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import { toBase64Text } from "../file-text.ts";
import type { Branches, Forged } from "../forge.ts";
import type { GithubClient } from "./client.ts";

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

    writeFile({ path, text, branch, message }): Forged<void> {
      const params = { path, branch, message, content: toBase64Text(text) };
      return client.tell("PUT /repos/{owner}/{repo}/contents/{path}", params, { contents: "write" });
    },
  };
}
