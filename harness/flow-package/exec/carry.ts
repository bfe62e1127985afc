/**
 * The step of the harness's flow package: what the runner does for a stack without packages, done in a
 * checkout that people use too.
 *
 * @module
 */
import { resolve } from "node:path";
import type { BuiltIn } from "../../../runner/flow/built-in.ts";
import type { StepContext } from "../../../runner/flow/step-context.ts";
import { Checkout } from "./checkout.ts";

type Result = { status: string; message: string; artifacts: Record<string, unknown> };

export default async function carry({ flow, runtime, stack }: StepContext): Promise<Result> {
  const config = readConfig(flow.config);
  // The schema has seen to the tag.
  const tag = text(flow.event.payload.tag);
  const sha = stack?.onto.sha ?? flow.event.payload.sha;
  const branch = stack?.branch ?? config.branch;
  const builtIn = (await import(process.env.PATCH_MOI_BUILT_IN ?? "")) as BuiltIn;
  const repo = resolve(flow.root, config.repo);
  const checkout = await Checkout.open(repo, builtIn);
  if ("blocked" in checkout) return end("blocked", checkout.blocked);

  const upstream = await checkout.addRemote("upstream", stack?.upstream?.url ?? config.upstream_url);
  const remotes = await checkout.urlsOf(config.push_remotes);
  if ("blocked" in remotes) return end("blocked", remotes.blocked);
  const [[first, forkUrl] = ["", ""]] = remotes.urls;
  const fetched = await checkout.fetch(upstream, first, forkUrl);
  if (!fetched.ok) return stopped(fetched);

  const onto = `refs/patch-moi/upstream/tags/${tag}`;
  const there = await checkout.objectsOf(onto);
  if (there === undefined)
    return end("blocked", {
      code: "ref_missing",
      message: `upstream (${upstream}) has no tag '${tag}'; was it withdrawn?`,
    });
  if (typeof sha === "string" && !there.includes(sha))
    return end("needs_intervention", {
      code: "tag_moved",
      message: `upstream's tag '${tag}' was ${sha} when the event was recorded and is ${there[0]} now; find out why it moved, then resume or dismiss`,
    });

  const base = stack?.recordedBase ?? stack?.base;
  const carried = await builtIn.replay({
    repo,
    branch: `refs/remotes/${first}/${branch}`,
    branchName: branch,
    onto,
    ontoName: tag,
    base,
    baseIs: stack?.recordedBase === undefined ? "declared" : "recorded",
    attemptId: runtime.attemptId,
  });
  if (!carried.ok) return stopped(carried);
  if (carried.alreadyThere)
    return {
      status: "completed",
      message: `${branch} stands on ${tag} already`,
      artifacts: { report: carried.report },
    };
  const verified = await builtIn.verify({
    gitDir: carried.gitDir,
    report: carried.report,
    commands: stack?.verify ?? config.verify,
    timeoutSeconds: stack?.verifySeconds ?? 1800,
  });
  if (!verified.ok) return stopped(verified);

  const { report } = verified;
  const oid = report.result?.oid ?? "";
  const name = stack?.candidateRef ?? config.candidate_ref.replaceAll("<tag>", tag);
  const candidateRefs: Record<string, unknown>[] = [];
  for (const [remote, url] of remotes.urls) {
    if (!runtime.push) {
      candidateRefs.push({ kind: "branch", ref: `refs/heads/${name}`, oid, remote, pushed: false });
      continue;
    }
    const request = { name, number: stack?.number ?? 1, oid, branch, head: report.head.oid };
    const pushed = await builtIn.push({ gitDir: carried.gitDir, what: `the remote '${remote}'`, url, ...request });
    // What the remotes before it have stays said.
    if (!pushed.ok) return stopped({ ...pushed, report }, { candidateRefs });
    candidateRefs.push({ kind: "branch", ref: pushed.ref, oid, remote, pushed: true });
  }
  return { status: "changed", message: `carried ${branch} onto ${tag}`, artifacts: { report, candidateRefs } };
}

function readConfig(config: StepContext["flow"]["config"]) {
  return {
    repo: text(config.repo),
    branch: text(config.branch),
    upstream_url: text(config.upstream_url),
    candidate_ref: text(config.candidate_ref),
    verify: list(config.verify),
    push_remotes: list(config.push_remotes),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function end(status: string, { code, message }: { code: string; message: string }): Result {
  return { status, message, artifacts: { code } };
}

type Stop = Extract<Awaited<ReturnType<BuiltIn["replay"]>>, { ok: false }>;

/** With the conflicts, where there are some, for whoever reads the artifacts alone. */
function stopped({ status, code, message, report }: Stop, more: Record<string, unknown> = {}): Result {
  const conflicts = report?.patches.flatMap(({ oid, subject, conflicts: found = [] }) =>
    found.map((conflict) => ({ patch: oid, subject, ...conflict })),
  );
  return {
    status,
    message,
    artifacts: {
      code,
      ...more,
      ...(report === undefined ? {} : { report }),
      ...(conflicts?.length ? { conflicts } : {}),
    },
  };
}
