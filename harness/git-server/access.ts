/**
 * Who may push: what comes with HTTP Basic, judged as forges judge a job's token.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";

export type Scope = "none" | "read" | "write";

/** What a token may; `none` for one that nobody knows. */
export type Access = (token: string) => Scope;

/** The refusal of a request that would write; undefined when it may, or when it only reads. */
export function pushRefusal(
  access: Access,
  request: IncomingMessage,
  url: URL,
): { status: 401 | 403; says: string } | undefined {
  const writes = url.pathname.endsWith("/git-receive-pack") || url.searchParams.get("service") === "git-receive-pack";
  if (!writes) return undefined;
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const [, token = ""] = /^[^:]*:(.*)$/s.exec(Buffer.from(basic ?? "", "base64").toString()) ?? [];
  const scope = access(token);
  if (scope === "write") return undefined;
  if (scope === "read") return { status: 403, says: "this token may not write" };
  return { status: 401, says: "who are you?" };
}
