/**
 * What a clone of a fork says of itself: remotes, branch, whether it is clean, and where its patches begin.
 *
 * Nothing of it is changed. Upstream's branch is fetched without a ref, so that the base can be found.
 *
 * @module
 */
import { RepositoryUrl } from "../../worker/contract/primitives.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { operatorGit, operatorGitText } from "../commands/operator-git.ts";

export type Clone = {
  /** Top folder. */
  top: string;
  remotes: ReadonlyMap<string, string>;
  /** Undefined when HEAD is detached. */
  branch: string | undefined;
  /** The branch's commit, and the one that the fork has under its name as far as this clone knows. */
  head: string;
  pushed: string | undefined;
  /** Changed and untracked files. */
  dirty: number;
};

export async function surveyClone(dir: string, origin: string, wanted: string | undefined): Promise<Clone> {
  const inside = await operatorGit(dir, ["rev-parse", "--show-toplevel"], { okExitCodes: [128] });
  if (inside.exitCode !== 0)
    throw new CommandFailure(
      "not_a_repository",
      `'${dir}' is no checkout of a repository; name the fork's with --repo`,
      2,
    );
  const top = inside.stdout.replace(/\n$/, "");
  const listed = await operatorGit(top, ["config", "--get-regexp", "^remote\\..*\\.url$"], { okExitCodes: [1] });
  const remotes = new Map(
    listed.stdout.split("\n").flatMap((line) => {
      const [, name, url] = /^remote\.(.+)\.url (.+)$/.exec(line) ?? [];
      return name === undefined || url === undefined ? [] : [[name, url] as const];
    }),
  );
  const current = (await operatorGit(top, ["symbolic-ref", "--quiet", "--short", "HEAD"], { okExitCodes: [1] })).stdout;
  const branch = wanted ?? (current.trim() === "" ? undefined : current.trim());
  const head = await commitOf(top, branch === undefined ? "HEAD" : `refs/heads/${branch}`);
  if (head === undefined)
    throw new CommandFailure(
      "no_branch",
      branch === undefined
        ? `'${top}' has no commit yet`
        : `'${top}' has no branch '${branch}' with a commit; name the one that holds the patches with --branch`,
      2,
    );
  // The file that a set-up writes is no patch.
  const paths = ["--", ":/", ":(top,exclude)patch-moi.json"];
  const status = await operatorGitText(top, ["status", "--porcelain", "--ignore-submodules=dirty", ...paths]);
  const pushed = branch === undefined ? undefined : await commitOf(top, `refs/remotes/${origin}/${branch}`);
  return { top, remotes, branch, head, pushed, dirty: status === "" ? 0 : status.split("\n").length };
}

async function commitOf(dir: string, ref: string): Promise<string | undefined> {
  const found = await operatorGit(dir, ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`], {
    okExitCodes: [1, 128],
  });
  return found.exitCode === 0 ? found.stdout.trim() : undefined;
}

/** A remote's address as a stack takes it: `git@host:owner/name` is an ssh address. */
export function repositoryUrl(remote: string): string | undefined {
  const [, user = "git", host, path] = /^(?:([\w.-]+)@)?([\w.-]+):(?!\/\/)\/?(.+)$/.exec(remote) ?? [];
  const url = host === undefined || remote.includes("://") ? remote : `ssh://${user}@${host}/${path ?? ""}`;
  return RepositoryUrl.safeParse(url).success ? url : undefined;
}

export type Patches = {
  /** Where the branch leaves upstream, and upstream's tag there. */
  base: string;
  tag: string | undefined;
  /** Subjects, oldest first. */
  subjects: string[];
};

/** Where the branch stands on upstream; a sentence where that cannot be said. */
export async function surveyPatches(
  { top, head }: Clone,
  upstream: string,
): Promise<{ ok: true; patches: Patches } | { ok: false; message: string }> {
  const asked = await operatorGit(top, ["ls-remote", "--quiet", upstream, "HEAD", "refs/heads/*", "refs/tags/*"], {
    okExitCodes: [1, 2, 128],
    env: { GIT_TERMINAL_PROMPT: "0" },
  });
  if (asked.exitCode !== 0)
    return { ok: false, message: `upstream (${upstream}) cannot be read: ${lastLine(asked.stderr)}` };
  const refs = new Map(
    asked.stdout.split("\n").flatMap((line) => {
      const [oid, name] = line.split("\t");
      return oid === undefined || name === undefined ? [] : [[name, oid] as const];
    }),
  );
  const main = refs.get("HEAD");
  if (main === undefined) return { ok: false, message: `upstream (${upstream}) has no default branch` };
  // Objects only: no ref, no FETCH_HEAD, no tag. They go with the next gc if nobody comes back.
  const fetched = await operatorGit(
    top,
    ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", upstream, "HEAD"],
    { okExitCodes: [1, 128], env: { GIT_TERMINAL_PROMPT: "0" } },
  );
  if (fetched.exitCode !== 0) return { ok: false, message: `upstream cannot be fetched: ${lastLine(fetched.stderr)}` };
  // A release branch is upstream's too: its commits are known by the tags on them.
  const tags = new Map<string, string>();
  for (const [name, oid] of refs)
    if (name.startsWith("refs/tags/")) tags.set(name.slice("refs/tags/".length).replace(/\^\{\}$/, ""), oid);
  const here = await knownCommits(top, [...tags.values()]);
  const excluded = [main, ...here].map((oid) => `^${oid}`);
  const listed = await operatorGitText(top, ["rev-list", "--first-parent", "--reverse", "--parents", "--stdin"], {
    input: `${[head, ...excluded].join("\n")}\n`,
  });
  const lines = listed === "" ? [] : listed.split("\n");
  const base = lines[0]?.split(" ")[1] ?? (lines.length === 0 ? head : undefined);
  if (base === undefined)
    return {
      ok: false,
      message: "the branch shares no commit with upstream; is --upstream the repository it was forked from?",
    };
  const subjects =
    lines.length === 0
      ? []
      : (await operatorGitText(top, ["log", "--first-parent", "--reverse", "--format=%s", `${base}..${head}`])).split(
          "\n",
        );
  const tag = [...tags].findLast(([, oid]) => oid === base)?.[0] ?? (await nearestTag(top, base, tags));
  return { ok: true, patches: { base, tag, subjects } };
}

/** Those of upstream's tagged commits that this clone has. */
async function knownCommits(top: string, oids: readonly string[]): Promise<string[]> {
  if (oids.length === 0) return [];
  const answer = await operatorGitText(top, ["cat-file", "--batch-check=%(objectname) %(objecttype)"], {
    input: `${oids.map((oid) => `${oid}^{commit}`).join("\n")}\n`,
  });
  return answer.split("\n").flatMap((line) => (line.endsWith(" commit") ? [line.slice(0, -" commit".length)] : []));
}

/** The newest of upstream's tags that the base holds. */
async function nearestTag(top: string, base: string, tags: ReadonlyMap<string, string>): Promise<string | undefined> {
  const names = new Map([...tags].map(([name, oid]) => [oid, name]));
  const history = (await operatorGitText(top, ["rev-list", "--max-count=10000", base])).split("\n");
  const held = history.find((oid) => names.has(oid));
  return held === undefined ? undefined : names.get(held);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "git does not say why";
}
