/**
 * The rebase in a resolution folder: its list of patches, and how it goes on from stop to stop.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFailure } from "../client/command-failure.ts";
import { operatorGit, operatorGitText } from "./operator-git.ts";
import type { ResolutionFolder } from "./resolution-folder.ts";

/** Where the rebase waits for the operator. */
export type Stop = {
  /** Of the stack's patches that are carried: this one, of so many. */
  number: number;
  of: number;
  subject: string;
  /** The patch, as the report has it. */
  oid: string;
  /** Not resolved yet. */
  unmerged: string[];
  /** Added to the index with conflict markers in them. */
  marked: string[];
};

const KEPT = new Set(["carried", "adapted", "conflicted"]);

/** What an operator's own configuration may not change about it. */
const PLAIN = ["rebase.updateRefs=false", "rebase.autoSquash=false", "rebase.rebaseMerges=false", "core.commentChar=#"];

/** Begins the rebase; it ends, or stops at the first conflict. */
export async function beginRebase(folder: ResolutionFolder): Promise<void> {
  const { dir, state } = folder;
  const { report } = state;
  const todo: string[] = [];
  for (const { oid, outcome, subject } of report.patches) {
    if (!KEPT.has(outcome)) continue;
    const parents = (await operatorGitText(dir, ["rev-list", "--parents", "-n", "1", oid])).split(" ").slice(1);
    const picked = parents.length > 1 ? await standIn(dir, oid, parents) : oid;
    if (picked !== oid) state.standIns[oid] = picked;
    todo.push(`pick ${picked} ${subject.replaceAll(/[\r\n]+/g, " ")}\n`);
  }
  const list = join(dir, ".git", "patch-moi-todo");
  writeFileSync(list, todo.length === 0 ? "noop\n" : todo.join(""));
  const configured = PLAIN.flatMap((setting) => ["-c", setting]);
  const begun = await operatorGit(
    dir,
    [...configured, "rebase", "--interactive", "--empty=drop", "--onto", report.onto.oid, report.base.oid],
    // git hands the file to edit over as the last argument.
    {
      env: { GIT_SEQUENCE_EDITOR: 'cp "$PATCH_MOI_TODO"', PATCH_MOI_TODO: list, GIT_EDITOR: "true" },
      okExitCodes: [1],
    },
  );
  if (begun.exitCode !== 0 && !isRebasing(dir))
    throw new CommandFailure("rebase_failed", `git could not begin the rebase: ${begun.stderr.trim()}`);
}

/** A merge as one ordinary commit, as a replay carries it: its own changes, or all that it brought. */
async function standIn(dir: string, oid: string, parents: readonly string[]): Promise<string> {
  const [first = "", second = ""] = parents;
  let base = first;
  if (parents.length === 2) {
    const merged = await operatorGit(dir, ["merge-tree", "--write-tree", first, second], { okExitCodes: [1] });
    const upstreams = await operatorGit(dir, ["merge-base", "--is-ancestor", second, "refs/patch-moi/onto"], {
      okExitCodes: [1],
    });
    const tree = merged.stdout.split("\n")[0] ?? "";
    if (merged.exitCode === 0 && upstreams.exitCode === 0)
      base = await operatorGitText(dir, ["commit-tree", "-m", "merged by git alone", "-p", first, tree]);
  }
  const message = await operatorGitText(dir, ["log", "-1", "--format=%B", oid]);
  const [name = "", email = "", date = ""] = (
    await operatorGitText(dir, ["log", "-1", "--format=%an%n%ae%n%ad", "--date=raw", oid])
  ).split("\n");
  const env = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date };
  return operatorGitText(dir, ["commit-tree", "-p", base, `${oid}^{tree}`], { env, input: message });
}

export function isRebasing(dir: string): boolean {
  return ["rebase-merge", "rebase-apply"].some((name) => existsSync(join(dir, ".git", name)));
}

/** Goes on for as long as nothing waits for the operator; undefined when the rebase is finished. */
export async function goOn(folder: ResolutionFolder): Promise<Stop | undefined> {
  const { dir } = folder;
  for (let before = ""; isRebasing(dir); ) {
    const stop = await lookAtStop(folder);
    if (stop.unmerged.length > 0 || stop.marked.length > 0) return stop;
    const here = `${stop.number} ${await operatorGitText(dir, ["rev-parse", "HEAD"])}`;
    const continued = await operatorGit(dir, ["-c", "core.editor=true", "rebase", "--continue"], {
      env: { GIT_EDITOR: "true" },
      okExitCodes: [1],
    });
    if (here === before)
      throw new CommandFailure(
        "rebase_stuck",
        `git does not go on with the rebase in ${dir}: ${continued.stderr.trim() || continued.stdout.trim()}`,
      );
    before = here;
  }
  return undefined;
}

async function lookAtStop({ dir, state }: ResolutionFolder): Promise<Stop> {
  const list = (args: string[]) => operatorGitText(dir, args).then((text) => text.split("\0").filter((s) => s !== ""));
  const unmerged = await list(["diff", "--name-only", "--diff-filter=U", "-z"]);
  const check = await operatorGit(dir, ["diff", "--cached", "--check", "HEAD"], { okExitCodes: [1, 2] });
  const marked = check.stdout
    .split("\n")
    .flatMap((line) => /^(.*):\d+: leftover conflict marker/.exec(line)?.[1] ?? [])
    .filter((path) => !unmerged.includes(path));
  const at = await operatorGitText(dir, ["rev-parse", "--quiet", "--verify", "REBASE_HEAD"], { okExitCodes: [1, 128] });
  const original = Object.entries(state.standIns).find(([, made]) => made === at)?.[0] ?? at;
  const subject = state.report.patches.find(({ oid }) => oid === original)?.subject ?? "";
  const step = (name: string) => {
    const file = join(dir, ".git", "rebase-merge", name);
    return existsSync(file) ? Number(readFileSync(file, "utf8").trim()) : 0;
  };
  return { number: step("msgnum"), of: step("end"), subject, oid: original, unmerged, marked: [...new Set(marked)] };
}
