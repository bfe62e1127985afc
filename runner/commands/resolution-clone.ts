/**
 * Makes a resolution folder: a clone with the fork and upstream as remotes, and what the fork
 * remembers of earlier resolutions.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StackReport } from "../../worker/contract/report.ts";
import { repositoriesOf, type Stack } from "../../worker/contract/stack.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { ObjectReader } from "../git/object-reader.ts";
import { operatorGit, operatorGitText } from "./operator-git.ts";

/** As the runner has them, in the clone. */
const MEMORY = "refs/patch-moi/rerere";

/** Both remotes fetched, the branch at the attempt's head checked out as `localBranch`. */
export async function makeClone(dir: string, stack: Stack, report: StackReport, localBranch: string): Promise<void> {
  const repositories = repositoriesOf(stack);
  if (repositories === undefined)
    throw new CommandFailure(
      "no_repositories",
      `stack '${stack.id}' names no upstream and fork; resolve where its flow packages work, then resume without --local`,
    );
  mkdirSync(dir, { recursive: true });
  const git = (...args: string[]) => operatorGit(dir, args);
  await git("init", "--quiet");
  for (const [name, url] of [
    ["origin", repositories.fork.url],
    ["upstream", repositories.upstream.url],
  ] as const) {
    await git("config", `remote.${name}.url`, url);
    await git("config", `remote.${name}.fetch`, `+refs/heads/*:refs/remotes/${name}/*`);
  }
  // Only upstream says what its tags are.
  await git("config", "remote.origin.tagOpt", "--no-tags");
  await git("fetch", "--quiet", "upstream", "+refs/heads/*:refs/remotes/upstream/*", "+refs/tags/*:refs/tags/*");
  const fork = ["+refs/heads/*:refs/remotes/origin/*", "+refs/patch-moi/*:refs/patch-moi/*"];
  await git("fetch", "--quiet", "--no-tags", "origin", ...fork);
  await mustHave(dir, report.onto.oid, `upstream no longer has ${report.onto.ref} at the attempt's commit`);
  await mustHave(dir, report.head.oid, `the fork no longer has the head of ${report.branch} that the attempt saw`);
  const head = await operatorGitText(dir, ["rev-parse", "--verify", `refs/remotes/origin/${report.branch}^{commit}`]);
  if (head !== report.head.oid)
    throw new CommandFailure(
      "branch_moved",
      `'${report.branch}' moved since the attempt looked at it (${report.head.oid.slice(0, 12)}, now ${head.slice(0, 12)}); resume without --local, so that it is replayed from there`,
    );
  await git("update-ref", "refs/patch-moi/onto", report.onto.oid);
  await configure(dir);
  await git("checkout", "--quiet", "-b", localBranch, report.head.oid);
}

async function mustHave(dir: string, oid: string, otherwise: string): Promise<void> {
  const found = await operatorGit(dir, ["cat-file", "-e", `${oid}^{commit}`], { okExitCodes: [1, 128] });
  if (found.exitCode !== 0)
    throw new CommandFailure("missing_objects", `${otherwise} (${oid.slice(0, 12)}); replay the event`);
}

async function configure(dir: string): Promise<void> {
  // The style in which the runner sees conflicts, so that what is remembered is recognised by both.
  for (const [key, value] of [
    ["merge.conflictStyle", "diff3"],
    ["rerere.enabled", "true"],
    ["rerere.autoUpdate", "true"],
  ] as const)
    await operatorGit(dir, ["config", key, value]);
  const who = await operatorGit(dir, ["var", "GIT_COMMITTER_IDENT"], { okExitCodes: [128] });
  if (who.exitCode !== 0) {
    await operatorGit(dir, ["config", "user.name", "patch.moi operator"]);
    await operatorGit(dir, ["config", "user.email", "patch.moi@localhost"]);
  }
  await layOutMemory(dir);
}

/** Into `.git/rr-cache`, where git-rerere(1) looks. Only what has the form of its entries. */
async function layOutMemory(dir: string): Promise<void> {
  const listed = await operatorGit(dir, ["ls-tree", "-r", "-z", MEMORY], { okExitCodes: [128] });
  if (listed.exitCode !== 0) return;
  const reader = new ObjectReader({ gitDir: join(dir, ".git") });
  try {
    for (const entry of listed.stdout.split("\0")) {
      const [, oid, id, name] =
        /^100644 blob ([0-9a-f]+)\t([0-9a-f]{40}|[0-9a-f]{64})\/(preimage|postimage)$/.exec(entry) ?? [];
      if (oid === undefined || id === undefined || name === undefined) continue;
      const blob = await reader.read(oid);
      if (blob === undefined) continue;
      mkdirSync(join(dir, ".git", "rr-cache", id), { recursive: true });
      writeFileSync(join(dir, ".git", "rr-cache", id, name), blob.content);
    }
  } finally {
    await reader.close();
  }
}
