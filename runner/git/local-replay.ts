/**
 * A replay in one's own repository, with branch, onto and base named as git's commands take them.
 *
 * @module
 */
import type { StackReport } from "../../worker/contract/report.ts";
import { accountResolved } from "./account.ts";
import type { EngineResult } from "./failure.ts";
import { type ResolvedName, resolveName } from "./local-ref.ts";
import { replayStack } from "./replay.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { findGitDir } from "./repository.ts";

/** Stack id of reports on a repository that no server knows. */
const LOCAL_STACK = "local";

export type LocalReplayRequest = {
  repo: string;
  branch: string;
  onto: string;
  base?: string | undefined;
  /** A person's resolution: it is accounted for, and nothing is replayed. */
  /** Names may be any expression that git takes for one commit. */
  expressions?: boolean;
  resolved?: { ref: string; note: string } | undefined;
} & Pick<ReplayRequest, "objects" | "committer" | "sign" | "baseIs" | "onProgress">;

export type LocalReplay = {
  gitDir: string;
  branch: ResolvedName;
  onto: ResolvedName;
  report: StackReport;
  /** The branch stands on `onto` already. */
  alreadyThere: boolean;
};

/** @throws {GitError} for what git says of the repository itself. */
export async function localReplay(request: LocalReplayRequest): Promise<EngineResult<{ replay: LocalReplay }>> {
  const { repo, branch, onto, base, resolved, expressions = false, ...more } = request;
  const gitDir = await findGitDir(repo);
  const head = await resolveName(gitDir, branch, { kind: "branch", expressions });
  if (!head.ok) return head;
  const target = await resolveName(gitDir, onto, { kind: "any", expressions });
  if (!target.ok) return target;
  const stood = base === undefined ? undefined : await resolveName(gitDir, base, { kind: "any", expressions });
  if (stood?.ok === false) return stood;
  const common = {
    baseIs: "declared" as const,
    ...more,
    gitDir,
    stackId: LOCAL_STACK,
    branch: head.found.name,
    headOid: head.found.oid,
    onto: { ref: target.found.name, oid: target.found.oid, tagOid: target.found.tagOid },
    base: stood?.found.oid,
    // One's own repository: where a partial clone fetches what it lacks is its owner's choice.
    protocols: ["https", "ssh", "http", "file"],
  };
  const place = { gitDir, branch: head.found, onto: target.found };
  if (resolved === undefined) {
    const answer = await replayStack(common);
    return answer.ok
      ? { ok: true, replay: { ...place, report: answer.report, alreadyThere: answer.alreadyThere } }
      : answer;
  }
  const theirs = await resolveName(gitDir, resolved.ref, { kind: "branch", expressions: false });
  if (!theirs.ok) return theirs;
  const answer = await accountResolved({ ...common, resolvedOid: theirs.found.oid, note: resolved.note });
  return answer.ok ? { ok: true, replay: { ...place, report: answer.report, alreadyThere: false } } : answer;
}
