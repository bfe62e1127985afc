/**
 * The stack and the feed source that a fork needs: pure, so that what is shown is what is done.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { Configuration } from "../../worker/contract/configuration.ts";
import type { ForgeRepository, ForgeSettings } from "../../worker/contract/forge.ts";

/** One entry of `stacks` or `sources`, as a person writes it. */
export type Entry = { id: string } & Record<string, unknown>;
export type Fragment = { stacks: Entry[]; sources: Entry[] };

export type ForkFacts = {
  upstream: { url: string; forge?: ForgeRepository | undefined };
  fork: { url: string; name: string; forge?: ForgeSettings | undefined };
  branch: string;
};

export function proposeStack({ upstream, fork, branch }: ForkFacts, id: string): Fragment {
  const stack = {
    id,
    upstream: { url: upstream.url },
    fork: { url: fork.url, ...(fork.forge === undefined ? {} : { forge: fork.forge }) },
    branch,
  };
  const source = { id: `${id}-releases`.slice(0, 64), ...feedOf(upstream), target: { mode: "maintain", stacks: [id] } };
  return { stacks: [stack], sources: [source] };
}

/** Where upstream tells of its releases. A server that is no known forge is asked for its tags. */
function feedOf({ url, forge }: ForkFacts["upstream"]): { provider: string; url: string; event: string } {
  switch (forge?.kind) {
    case "github":
      return { provider: "github", url: `${forge.webUrl}/releases.atom`, event: "release" };
    case "forgejo":
      return { provider: "forgejo", url: `${forge.webUrl}/releases.rss`, event: "release" };
    case "gitlab":
      return { provider: "gitlab", url: `${forge.webUrl}/-/tags?format=atom`, event: "tag" };
    case undefined:
      return {
        provider: "git",
        url: url.replace(/^ssh:\/\/(?:[^@/]+@)?([^/:]+)(?::\d+)?\//, "https://$1/"),
        event: "tag",
      };
  }
}

/** A stack's id from a repository's name. */
export function stackIdOf(name: string): string {
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/\.{2,}/g, ".")
    .replace(/^[^a-z0-9]+/, "")
    .replace(/(?:\.lock)?[^a-z0-9]*$/, "")
    .slice(0, 55)
    .replace(/[^a-z0-9]+$/, "");
  return id === "" ? "fork" : id;
}

type Known = z.infer<typeof Configuration>["stacks"][number];

/** The stack of a configuration that carries this branch of this fork already. */
export function stackFor(stacks: readonly Known[], { fork, branch }: ForkFacts): Known | undefined {
  return stacks.find((stack) => sameRepository(stack.fork?.url, fork.url) && stack.branch === branch);
}

/** An ssh and an https address of the same place are one repository. */
export function sameRepository(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && place(a) === place(b);
}

function place(url: string): string {
  if (!URL.canParse(url)) return url;
  const { hostname, host, protocol, pathname } = new URL(url);
  const path = pathname.replace(/\/+$/, "").replace(/\.git$/, "");
  return `${protocol.startsWith("http") ? host : hostname}${path}`.toLowerCase();
}
