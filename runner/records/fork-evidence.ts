/**
 * What a fork's refs say of a stack when its record is lost: where the branch stands, on which release, the
 * candidates that were made, and which of them were landed.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackHistoryInput } from "../../worker/contract/history.ts";
import type { StackConfig, StackRepositories } from "../../worker/contract/stack.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { operatorGit, operatorGitText } from "../commands/operator-git.ts";

export type Evidence = {
  branch: { name: string; oid: string };
  /** Upstream's commit that the branch stands on, with its tags. */
  base: { oid: string; tags: string[]; at: string };
  candidates: { ref: string; oid: string; tag: string; madeAt: string; landed: boolean }[];
  /** Where the branch stood before each landing. */
  before: { ref: string; oid: string }[];
  channels: Record<string, string>;
};

type Git = (...args: string[]) => Promise<string>;

/** Reads fork and upstream with the operator's own git and credentials; leaves nothing behind. */
export async function readEvidence(
  stackId: string,
  { upstream, fork, branch }: StackRepositories,
  candidateRef: StackConfig["policy"]["candidateRef"],
): Promise<Evidence> {
  const folder = mkdtempSync(join(tmpdir(), "patch-moi-rebuild-"));
  const git: Git = (...args) => operatorGitText(folder, args);
  try {
    await git("init", "--quiet", "--bare");
    const own = ["+refs/heads/*:refs/fork/heads/*", `+refs/tags/patch-moi/${stackId}/*:refs/fork/before/*`];
    await fetchAll(folder, fork.url, own);
    await fetchAll(folder, upstream.url, ["+refs/heads/*:refs/up/heads/*", "+refs/tags/*:refs/up/tags/*"]);
    return await evidenceIn(git, { stackId, branch, candidateRef });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Commits and trees are enough; a server that gives no parts gives all. */
async function fetchAll(folder: string, url: string, refspecs: readonly string[]): Promise<void> {
  const fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
  const part = await operatorGit(folder, [...fetch, "--filter=tree:0", url, ...refspecs]).catch(() => undefined);
  if (part === undefined) await operatorGit(folder, [...fetch, url, ...refspecs]);
}

async function evidenceIn(
  git: Git,
  { stackId, branch, candidateRef }: { stackId: string; branch: string; candidateRef: string },
): Promise<Evidence> {
  const refs = (
    await git(
      "for-each-ref",
      "--format=%(objectname) %(*objectname) %(committerdate:unix) %(*committerdate:unix) %(refname)",
    )
  )
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [oid = "", peeled, at, peeledAt, ...name] = line.split(" ");
      return { ref: name.join(" "), oid: peeled || oid, at: Number(peeledAt || at) };
    });
  const head = refs.find(({ ref }) => ref === `refs/fork/heads/${branch}`);
  if (head === undefined)
    throw new CommandFailure("branch_missing", `the fork has no branch '${branch}'; is the stack declared as it was?`);
  const upstream = refs.filter(({ ref }) => ref.startsWith("refs/up/"));
  const base = await baseOf(git, head.oid);
  const basedAt = await git("log", "--max-count=1", "--format=%ct", base);
  const before = refs.filter(({ ref }) => ref.startsWith("refs/fork/before/before-"));
  const stood = new Set([head.oid, ...before.map(({ oid }) => oid)]);
  const named = namesOf(candidateRef, stackId);
  const candidates = refs.flatMap(({ ref, oid, at }) => {
    const tag = named(ref.replace("refs/fork/heads/", ""));
    if (tag === undefined || !upstream.some((one) => one.ref === `refs/up/tags/${tag}`)) return [];
    const madeAt = new Date(at * 1000).toISOString();
    return [{ ref: ref.replace("refs/fork/", "refs/"), oid, tag, madeAt, landed: stood.has(oid) }];
  });
  const channelRefs = `refs/fork/heads/patch-moi/${stackId}/channel/`;
  return {
    branch: { name: branch, oid: head.oid },
    base: {
      oid: base,
      at: new Date(Number(basedAt) * 1000).toISOString(),
      tags: upstream
        .filter(({ ref, oid }) => oid === base && ref.startsWith("refs/up/tags/"))
        .map(({ ref }) => ref.replace("refs/up/tags/", "")),
    },
    candidates,
    before: before.map(({ ref, oid }) => ({
      ref: ref.replace("refs/fork/before/", `refs/tags/patch-moi/${stackId}/`),
      oid,
    })),
    channels: Object.fromEntries(
      refs.filter(({ ref }) => ref.startsWith(channelRefs)).map(({ ref, oid }) => [ref.slice(channelRefs.length), oid]),
    ),
  };
}

/** The first commit of the branch, from its head on, that upstream has. */
async function baseOf(git: Git, head: string): Promise<string> {
  const patches = await git("rev-list", "--first-parent", "--reverse", head, "--not", "--glob=refs/up/*");
  const first = patches.split("\n")[0];
  if (first === undefined || first === "") return head;
  const parent = await git("rev-list", "--parents", "--max-count=1", first);
  const [, base] = parent.split(" ");
  if (base === undefined)
    throw new CommandFailure(
      "unrelated_histories",
      "the branch has no commit of upstream's; is upstream the right one?",
    );
  return base;
}

/** The tag in a candidate's branch name; undefined for branches that are no candidates. */
function namesOf(template: string, stackId: string): (branch: string) => string | undefined {
  const pattern = template
    .split(/(<(?:stackId|tag|attempt)>)/)
    .map((part) => {
      if (part === "<stackId>") return escaped(stackId);
      if (part === "<tag>") return "(?<tag>.+)";
      return part === "<attempt>" ? "[^/]+" : escaped(part);
    })
    .join("");
  const expression = new RegExp(`^${pattern.replace(/\(\?<tag>\.\+\)(?=.*\(\?<tag>)/g, ".+")}$`);
  return (branch) => (branch.includes("/channel/") ? undefined : expression.exec(branch)?.groups?.tag);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** The history that the evidence proves: each candidate an attempt that is over, the newest landing what is carried. */
export function historyOf(stackId: string, evidence: Evidence, now: string): StackHistoryInput {
  const { branch, base, candidates, before, channels } = evidence;
  const eventId = (tag: string): string => `patch:rebuilt-${stackId}:${tag}:upstream.release`;
  const landed = candidates.find(({ oid }) => oid === branch.oid);
  const tag = landed?.tag ?? base.tags[0];
  const known = [
    ...new Set([...candidates.map((one) => one.tag), ...(tag === undefined || landed !== undefined ? [] : [tag])]),
  ];
  const standing = { eventId: eventId(tag ?? ""), status: "completed" as const, candidates: [], landed: false };
  const message = (what: string) => ({ code: "rebuilt", message: `${what}; recovered from the fork's refs` });
  return {
    events: known.map((one) => ({
      id: eventId(one),
      type: "upstream.release" as const,
      receivedAt: now,
      payload: { entry: { entryId: one, tag: one } },
    })),
    attempts: [
      // The branch stands on this release, by whomever it was carried there.
      ...(tag === undefined || landed !== undefined || candidates.some((one) => one.tag === tag)
        ? []
        : [
            { ...standing, reason: message(`'${branch.name}' stands on ${tag}`), createdAt: base.at, endedAt: base.at },
          ]),
      ...candidates
        .toSorted((a, b) => (a.madeAt < b.madeAt ? -1 : 1))
        .map((one) => ({
          eventId: eventId(one.tag),
          status: "changed" as const,
          reason: message(one.landed ? `${one.ref} was landed` : `${one.ref} is there`),
          candidates: [{ kind: "branch" as const, ref: one.ref, oid: one.oid }],
          landed: one.landed,
          createdAt: one.madeAt,
          endedAt: one.madeAt,
        })),
    ],
    ...(before.length === 0 && landed === undefined
      ? {}
      : { carried: { ...(tag === undefined ? {} : { tag }), oid: branch.oid, landedAt: landed?.madeAt ?? now } }),
    channels,
  };
}
