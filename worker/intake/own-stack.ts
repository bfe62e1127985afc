/**
 * The stack that a source brings with it: a target of an older mode says what is to be done, and the
 * stack does it. Pure.
 *
 * @module
 */
import { type FeedSourceConfig, type OwnStackTarget, workspaceTarget } from "../contract/feed-source.ts";
import { describeIssues } from "../contract/issue-words.ts";
import { StackConfig } from "../contract/stack.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { repositoryOf } from "./repository.ts";

/**
 * What the target says of its stack, over what the stack has already: an operator's policy stays.
 *
 * @param backendUrl the deployment's own workspace backend
 */
export function ownStack(
  source: Pick<FeedSourceConfig, "provider" | "url" | "event" | "repo">,
  target: OwnStackTarget,
  there: StackConfig | undefined,
  backendUrl: string | undefined,
): Result<StackConfig, string> {
  const upstream = target.upstream ?? upstreamOf(source);
  const stack = StackConfig.safeParse({
    ...there,
    ...(upstream === undefined ? {} : { upstream }),
    ...(target.fork === undefined ? {} : { fork: target.fork }),
    ...(target.branch === undefined ? {} : { branch: target.branch }),
    policy: given({ ...there?.policy, ...surfaceOf(target, backendUrl) }),
  });
  return stack.success ? ok(stack.data) : fail(describeIssues(stack.error).join("; "));
}

function upstreamOf(source: Parameters<typeof ownStack>[0]): { url: string } | undefined {
  const url = repositoryOf(source);
  return url === undefined ? undefined : { url };
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function surfaceOf(target: OwnStackTarget, deployment: string | undefined) {
  const workspace = workspaceTarget(target);
  if (workspace === undefined) return { driver: "pull", surface: undefined, work: "replay" };
  const url = workspace.backendUrl ?? deployment;
  if (url === undefined) return { driver: "pull", surface: undefined, work: "flow" };
  return {
    driver: /^wss?:/i.test(url) ? "workspace-ws" : "workspace-http",
    // The deployment's own address stays its own: it may change without the stack.
    surface: workspace.backendUrl === undefined ? undefined : { url },
    work: "flow",
  };
}
