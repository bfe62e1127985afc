/**
 * The client of a repository's forge, for somebody who has a token for it or asks as anybody may.
 *
 * @module
 */
import type { ForgeRepository } from "../contract/forge.ts";
import type { Outbound } from "../platform/outbound-fetch.ts";
import { ok } from "../platform/result.ts";
import type { Forge } from "./forge.ts";
import type { Caller } from "./forge-request.ts";
import { forgejo } from "./forgejo/forgejo.ts";
import { github } from "./github/github.ts";
import { gitlab } from "./gitlab/gitlab.ts";

/** Nothing has been sent yet. Without a token only what is public can be read. */
export function forgeClient(
  { kind, apiUrl, webUrl, host, owner, name }: ForgeRepository,
  token: string | undefined,
  outbound: Outbound,
  limited?: Caller["limited"],
): Forge {
  const where = { apiUrl, host, outbound, limited };
  const repository = { owner, name };
  const as = (scheme: "Bearer" | "token") => () =>
    Promise.resolve(ok<Record<string, string>>(token === undefined ? {} : { authorization: `${scheme} ${token}` }));
  switch (kind) {
    case "github":
      return github({ caller: where, repository, webUrl, authorize: () => Promise.resolve(ok(token)) });
    case "forgejo":
      return forgejo({ caller: { ...where, authorization: as("token") }, repository, webUrl });
    case "gitlab":
      return gitlab({ caller: { ...where, authorization: as("Bearer") }, repository, webUrl });
  }
}
