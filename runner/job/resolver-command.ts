/**
 * The policy's resolver: a command (a script, an agent) that is given a conflict in a checkout, as
 * git leaves one, and may resolve it. What it leaves is checked here and verified like anything else.
 *
 * @module
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PatchReport } from "../../worker/contract/report.ts";
import type { Environment } from "../client/settings.ts";
import { conflictedPaths } from "../git/conflict-kind.ts";
import { GitError } from "../git/git-error.ts";
import { gitText, pipeGit, runGit } from "../git/process.ts";
import { hasMarkers } from "../git/rerere.ts";
import type { OpenConflict, Resolver } from "../git/resolution.ts";
import { short } from "../git/stack.ts";
import { type Checkout, checkOut } from "./checkout.ts";
import { runVerifyCommand } from "./verify-command.ts";
import type { WorkTools } from "./work.ts";

export type ResolverCommand = {
  command: string;
  timeoutSeconds: number;
  tools: WorkTools;
  env: Environment;
  onto: { ref: string; oid: string };
  /** What a replay without the resolver said of the patches: conflicts with their upstream commits. */
  patches: readonly PatchReport[];
};

/** What {@link commandResolver}'s command finds in the file that `PATCH_MOI_CONFLICT` names. */
export type ConflictFile = {
  v: 1;
  onto: { ref: string; oid: string };
  patch: { oid: string; subject: string; author: string; message: string };
  conflicts: { path: string; kind: string; upstreamCommits: { oid: string; subject: string }[] }[];
};

const IDENTITY = "patch.moi <patch.moi@localhost> 0 +0000";

export function commandResolver(request: ResolverCommand): Resolver {
  return async (conflict) => {
    const { tools } = request;
    const { subject } = conflict.patch.commit;
    const checkout = await checkOutConflict(conflict, tools);
    try {
      const file = join(checkout.home, "conflict.json");
      writeFileSync(file, `${JSON.stringify(conflictFile(conflict, request), null, 2)}\n`);
      tools.log(`conflict in '${subject}': $ ${request.command}`);
      const run = await runVerifyCommand({
        command: request.command,
        checkout,
        env: request.env,
        more: { PATCH_MOI_CONFLICT: file },
        timeoutMs: request.timeoutSeconds * 1000,
        signal: tools.signal,
        redact: tools.redact,
        log: tools.log,
      });
      tools.log(`exit code ${run.exitCode} after ${run.seconds} s`);
      if (run.exitCode !== 0) return undefined;
      const tree = await readResolved(conflict, checkout);
      if (typeof tree === "string") return { tree, note: "resolved by the resolver command" };
      tools.log(`the resolver's work on '${subject}' is not taken: ${tree.problem}`);
      return undefined;
    } finally {
      checkout.remove();
    }
  };
}

/** As `git cherry-pick` leaves a conflict: ours as HEAD, all sides in the index, markers in the files. */
async function checkOutConflict({ bench, tree, answer }: OpenConflict, tools: WorkTools): Promise<Checkout> {
  const commit = (of: string, message: string) =>
    bench.writer.writeNow(
      "commit",
      Buffer.from(`tree ${of}\nauthor ${IDENTITY}\ncommitter ${IDENTITY}\n\n${message}\n`),
    );
  const [head, marked] = [commit(tree, "the stack so far"), commit(answer.tree, "with conflict markers")];
  bench.writer.flush();
  const { gitDir } = bench.quarantine;
  const checkout = await checkOut(gitDir, marked, tools.home.work, tools.signal);
  const own = { gitDir: join(checkout.tree, ".git"), cwd: checkout.tree, signal: tools.signal };
  const paths = [...new Set(answer.files.map(({ path }) => path))];
  const none = "0".repeat(head.length);
  const entries = [
    ...paths.map((path) => `0 ${none}\t${path}`),
    ...answer.files.map(({ mode, oid, stage, path }) => `${mode} ${oid} ${stage}\t${path}`),
  ];
  await runGit(["update-index", "-z", "--index-info"], {
    ...own,
    input: entries.map((entry) => `${entry}\0`).join(""),
  });
  await runGit(["update-ref", "--no-deref", "HEAD", head], own);
  return checkout;
}

function conflictFile(conflict: OpenConflict, { onto, patches }: ResolverCommand): ConflictFile {
  const { oid, subject, message, author } = conflict.patch.commit;
  const known = patches.find((patch) => patch.oid === oid)?.conflicts ?? [];
  return {
    v: 1,
    onto,
    patch: { oid, subject, author: `${author.name} <${author.email}>`, message },
    conflicts: conflictedPaths(conflict.answer).map(({ path, kind }) => ({
      path,
      kind,
      upstreamCommits: known.find((one) => one.path === path)?.upstreamCommits ?? [],
    })),
  };
}

/** The tree of the checkout's index, brought into the quarantine; or why it is no resolution. */
async function readResolved(
  { bench, tree, answer }: OpenConflict,
  checkout: Checkout,
): Promise<string | { problem: string }> {
  const { quarantine } = bench;
  const own = join(checkout.tree, ".git");
  // Read by a repository of ours: the checkout's configuration is what the command made of it.
  const reading = join(checkout.temp, "reading.git");
  rmSync(reading, { recursive: true, force: true });
  mkdirSync(join(reading, "refs"), { recursive: true });
  mkdirSync(join(reading, "objects", "info"), { recursive: true });
  writeFileSync(join(reading, "HEAD"), "ref: refs/heads/none\n");
  writeFileSync(join(reading, "config"), readFileSync(join(quarantine.gitDir, "config")));
  const options = {
    gitDir: reading,
    cwd: checkout.tree,
    signal: quarantine.options.signal,
    env: {
      GIT_WORK_TREE: checkout.tree,
      GIT_INDEX_FILE: join(own, "index"),
      GIT_OBJECT_DIRECTORY: quarantine.objectsDir,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: `${join(own, "objects")}:${quarantine.repository.objectsDir}`,
    },
  };
  const bare = { ...options, config: { "core.bare": "false" } };
  try {
    const unmerged = await gitText(["ls-files", "-z", "--unmerged"], bare);
    if (unmerged !== "") return { problem: "the index still has unmerged paths (git add what is resolved)" };
    const unstaged = await runGit(["diff-files", "--quiet", "--ignore-submodules"], { ...bare, okExitCodes: [1] });
    if (unstaged.exitCode !== 0) {
      // Times alone may differ: the refreshed index says so.
      await runGit(["update-index", "-q", "--refresh"], { ...bare, okExitCodes: [1] });
      const again = await runGit(["diff-files", "--quiet", "--ignore-submodules"], { ...bare, okExitCodes: [1] });
      if (again.exitCode !== 0) return { problem: "files differ from the index (git add what is resolved)" };
    }
    const resolved = await gitText(["write-tree"], bare);
    const range = [resolved, "--not", tree, answer.tree];
    const pack = join(quarantine.objectsDir, "pack", "pack");
    await pipeGit(["rev-list", "--objects", "--no-object-names", ...range, "--"], ["pack-objects", "-q", pack], bare);
    for (const { path } of conflictedPaths(answer)) {
      if (/[\n\0]/.test(path)) continue;
      const file = await bench.reader.read(`${resolved}:${path}`);
      if (file?.type === "blob" && hasMarkers(file.content)) return { problem: `${path} has conflict markers` };
    }
    return resolved;
  } catch (error) {
    if (!(error instanceof GitError) || error.code === "aborted") throw error;
    return { problem: `${error.message} (${short(tree)})` };
  }
}
