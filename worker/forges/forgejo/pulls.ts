/**
 * Forgejo and Gitea: pull requests.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Pull, PullRequest, Pulls } from "../forge.ts";
import { askForge, askPages } from "../forge-request.ts";
import { type ForgejoClient, PAGE, User } from "./client.ts";

const PullBody = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.enum(["open", "closed"]),
  merged: z.boolean(),
  draft: z.boolean().optional(),
  title: z.string(),
  body: z.string(),
  user: User.nullable(),
  head: z.object({ ref: z.string(), sha: z.string(), repo_id: z.number() }),
  base: z.object({ ref: z.string(), repo_id: z.number() }),
});
/** How a title says that a pull request is a draft. */
const DRAFT = "WIP: ";

/** Comments on them are comments on issues. */
export function forgejoPulls({ caller, root }: ForgejoClient): Omit<Pulls, "commentOnPull"> {
  const list = async (query: { state: "open" | "all" }): Forged<Pull[]> => {
    const ask = { path: `${root}/pulls`, query: { ...query, sort: "recentupdate", limit: PAGE.size } };
    const given = await askPages(caller, ask, PullBody, PAGE);
    // The API orders by other times than this one; numbers are given in the order of creation.
    return given.ok ? ok(given.value.map(pullOf).toSorted((a, b) => b.number - a.number)) : given;
  };
  return {
    async openPulls(base: string): Forged<Pull[]> {
      const given = await list({ state: "open" });
      return given.ok ? ok(given.value.filter((pull) => pull.base === base)) : given;
    },

    async pullsOf(head: string): Forged<Pull[]> {
      const given = await list({ state: "all" });
      return given.ok ? ok(given.value.filter((pull) => pull.head.branch === head && pull.head.here)) : given;
    },

    async createPull({ title, body, head, base, draft }: PullRequest): Forged<Pull> {
      const ask = {
        method: "POST" as const,
        path: `${root}/pulls`,
        body: { title: draft ? DRAFT + title : title, body, head, base },
      };
      const given = await askForge(caller, ask, PullBody);
      return given.ok ? ok(pullOf(given.value)) : given;
    },

    async updatePull(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Pull> {
      const ask = { method: "PATCH" as const, path: `${root}/pulls/${number}`, body: change };
      const given = await askForge(caller, ask, PullBody);
      return given.ok ? ok(pullOf(given.value)) : given;
    },
  };
}

function pullOf(pull: z.infer<typeof PullBody>): Pull {
  return {
    number: pull.number,
    url: pull.html_url,
    state: pull.merged ? "merged" : pull.state,
    draft: pull.draft ?? pull.title.startsWith(DRAFT),
    title: pull.title,
    body: pull.body,
    author: pull.user?.login ?? "",
    head: { branch: pull.head.ref, oid: pull.head.sha, here: pull.head.repo_id === pull.base.repo_id },
    base: pull.base.ref,
  };
}
