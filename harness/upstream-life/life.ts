/**
 * Upstream's life and the fork's, as acts: every one makes real commits, tags and refs in real
 * repositories, the same object ids on every run.
 *
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createBare, type GitOptions, git, gitSucceeds, type Person, StoryClock } from "./git.ts";
import { BANNER_PATCH, type Change, FILES, IDLE_PATCH, LIMIT_PATCH, PATCHES } from "./lantern.ts";

export const UPSTREAM = "lantern-project/lantern";
export const FORK = "office/lantern";
/** The fork's maintained branch. */
export const BRANCH = "office";

const ADA: Person = { name: "Ada Maintainer", email: "ada@lantern.example" };
const OLE: Person = { name: "Ole Office", email: "ole@office.example" };

export type Release = { tag: string; oid: string };

export class UpstreamLife {
  /** Folder that the Git server serves. */
  readonly root: string;
  readonly upstream: string;
  readonly fork: string;
  readonly #upstreamClone: string;
  readonly #forkClone: string;
  readonly #scratch: string;
  readonly #clock = new StoryClock();

  private constructor(folder: string) {
    this.root = join(folder, "git");
    this.upstream = join(this.root, `${UPSTREAM}.git`);
    this.fork = join(this.root, `${FORK}.git`);
    this.#scratch = join(folder, "work");
    this.#upstreamClone = join(this.#scratch, "upstream");
    this.#forkClone = join(this.#scratch, "fork");
  }

  /** Upstream with its release v1.0.0, and the fork with three patches on it. */
  static async begin(folder: string): Promise<UpstreamLife> {
    const life = new UpstreamLife(folder);
    for (const path of [life.upstream, life.fork, life.#upstreamClone]) mkdirSync(path, { recursive: true });
    await createBare(life.upstream, life.root, false);
    await createBare(life.fork, life.root, true);
    await git(life.#upstreamClone, ["init", "--quiet", "--initial-branch=main"]);
    await git(life.#upstreamClone, ["remote", "add", "origin", life.upstream]);
    const everything = Object.entries(FILES).map(([file, to]) => ({ file, to }));
    await life.#commit(life.#upstreamClone, ADA, {
      subject: "A small server that keeps the light on",
      edits: everything,
    });
    await life.#publish("v1.0.0", "lantern 1.0.0", "The first one.");

    await git(life.#scratch, ["clone", "--quiet", life.upstream, life.#forkClone]);
    await git(life.#forkClone, ["remote", "set-url", "origin", life.fork]);
    await git(life.#forkClone, ["remote", "add", "upstream", life.upstream]);
    await git(life.#forkClone, ["switch", "--quiet", "--create", BRANCH]);
    for (const patch of PATCHES) await life.#commit(life.#forkClone, OLE, patch);
    await git(life.#forkClone, ["push", "--quiet", "origin", "main", BRANCH]);
    return life;
  }

  /** Commits that have nothing to do with the patches. */
  async releaseUnrelated(tag: string): Promise<Release> {
    await this.#append("README.md", `\n## ${tag}\n\nThe light is now <warmer> & steadier.\n`, `Describe ${tag}`);
    await this.#commit(this.#upstreamClone, ADA, {
      subject: "Dim the light at night",
      edits: [{ file: `lib/dim-${tag}.cjs`, to: `"use strict";\nmodule.exports = (hour) => hour < 6;\n` }],
    });
    return this.#publish(tag, `lantern ${tag.slice(1)} <warm> & "steady"`, "Warmer light.\n\nNothing else & no more.");
  }

  /** Upstream took the office's idle patch, and then touched the same line again. */
  async releaseWithPatch(tag: string): Promise<Release & { upstreamed: string }> {
    const patch = await this.#oidOf(IDLE_PATCH);
    await git(this.#upstreamClone, ["fetch", "--quiet", this.fork, BRANCH]);
    await git(this.#upstreamClone, ["cherry-pick", patch], { as: ADA, at: this.#clock.next() });
    const upstreamed = await git(this.#upstreamClone, ["rev-parse", "HEAD"]);
    await this.#commit(this.#upstreamClone, ADA, {
      subject: "Call it load only above 60 %",
      edits: [{ file: "lib/sockets.cjs", from: "load > 0.5 ? 60", to: "load > 0.6 ? 60" }],
    });
    return { ...(await this.#publish(tag, `lantern ${tag.slice(1)}`, "Idle sockets close sooner.")), upstreamed };
  }

  /** Upstream changed the very line that the office's limit patch changes. */
  async releaseConflicting(tag: string): Promise<Release & { conflict: { patch: string; path: string } }> {
    await this.#commit(this.#upstreamClone, ADA, {
      subject: "Take more connections",
      edits: [{ file: "lib/limits.cjs", from: "maxConnections: 100,", to: "maxConnections: 250," }],
    });
    await this.#append("README.md", "\nIt serves 250 at a time.\n", "Say how many it serves");
    const release = await this.#publish(tag, `lantern ${tag.slice(1)}`, "More connections.");
    return { ...release, conflict: { patch: LIMIT_PATCH.subject, path: "lib/limits.cjs" } };
  }

  /** Upstream's own test passes without the office's banner patch and fails with it. */
  async releaseBreakingVerification(tag: string): Promise<Release & { failing: string }> {
    await this.#commit(this.#upstreamClone, ADA, {
      subject: "Hold the banner to the letter",
      edits: [
        {
          file: "test.cjs",
          from: 'assert(banner("1.0.0").startsWith("lantern 1.0.0"));',
          to: 'assert.strictEqual(banner("1.0.0"), "lantern 1.0.0");',
        },
      ],
    });
    return {
      ...(await this.#publish(tag, `lantern ${tag.slice(1)}`, "A strict banner.")),
      failing: BANNER_PATCH.subject,
    };
  }

  /** A release that turns out wrong, and its correction, seen together. */
  async releaseTwice(tag: string, correction: string): Promise<[Release, Release]> {
    await this.#commit(this.#upstreamClone, ADA, {
      subject: "Let builds name themselves in the banner",
      edits: [
        {
          file: "test.cjs",
          from: 'assert.strictEqual(banner("1.0.0"), "lantern 1.0.0");',
          to: 'assert(banner("1.0.0").startsWith("lantern 1.0.0"));',
        },
      ],
    });
    const first = await this.#tag(tag, `lantern ${tag.slice(1)}`, "Builds may name themselves.");
    await this.#append("README.md", "\nThe light goes out at dawn.\n", "Say when the light goes out");
    const second = await this.#tag(correction, `lantern ${correction.slice(1)}`, `What ${tag} forgot.`);
    await git(this.#upstreamClone, ["push", "--quiet", "--atomic", "origin", "main", tag, correction]);
    return [first, second];
  }

  /**
   * What a person does about a conflict: rebases the branch onto the release, takes the fork's side of
   * the limit, and pushes the outcome as `branch` over `url`.
   */
  async resolve(tag: string, branch: string, url: string): Promise<{ oid: string; tree: string }> {
    const clone = this.#forkClone;
    await git(clone, ["fetch", "--quiet", "--tags", "upstream"]);
    await git(clone, ["fetch", "--quiet", "origin", `+refs/heads/${BRANCH}:refs/remotes/origin/${BRANCH}`]);
    await git(clone, ["switch", "--quiet", "--force-create", branch, `origin/${BRANCH}`]);
    const at: GitOptions = { as: OLE, at: this.#clock.next() };
    if (await gitSucceeds(clone, ["rebase", "--quiet", tag], at))
      throw new Error(`${tag} was to conflict and does not`);
    const file = join(clone, "lib/limits.cjs");
    writeFileSync(file, readFileSync(file, "utf8").replace(/<{7}[\s\S]*?>{7}.*\n/, "  maxConnections: 400,\n"));
    await git(clone, ["add", "--all"]);
    await git(clone, ["rebase", "--continue"], at);
    await git(clone, ["push", "--quiet", url, `HEAD:refs/heads/${branch}`]);
    return { oid: await git(clone, ["rev-parse", "HEAD"]), tree: await git(clone, ["rev-parse", "HEAD^{tree}"]) };
  }

  /** The tree that `git rebase <tag>` gives for a commit of the fork, in a clone of its own. */
  async rebasedTree(head: string, tag: string): Promise<string> {
    const clone = join(this.#scratch, `rebase-${tag}`);
    await git(this.#scratch, ["clone", "--quiet", "--no-checkout", this.fork, clone]);
    await git(clone, ["fetch", "--quiet", this.upstream, "+refs/tags/*:refs/tags/*"]);
    await git(clone, ["checkout", "--quiet", "--detach", head]);
    await git(clone, ["rebase", "--quiet", tag], { as: OLE });
    return git(clone, ["rev-parse", "HEAD^{tree}"]);
  }

  /** Where a ref of the fork points, or undefined. */
  async forkRef(ref: string): Promise<string | undefined> {
    const found = await git(this.fork, ["for-each-ref", "--format=%(objectname)", ref]);
    return found === "" ? undefined : found;
  }

  /** The tree of a commit of the fork. */
  treeOf(oid: string): Promise<string> {
    return git(this.fork, ["rev-parse", "--verify", `${oid}^{tree}`]);
  }

  /** Subjects of the commits that stand on upstream's tag, oldest first. */
  async subjectsSince(tag: string, oid: string): Promise<string[]> {
    const base = await git(this.upstream, ["rev-parse", "--verify", `${tag}^{commit}`]);
    return (await git(this.fork, ["log", "--reverse", "--format=%s", `${base}..${oid}`])).split("\n");
  }

  async #oidOf(patch: Change): Promise<string> {
    return git(this.fork, ["log", "--format=%H", "-1", "--fixed-strings", `--grep=${patch.subject}`, BRANCH]);
  }

  async #append(file: string, text: string, subject: string): Promise<void> {
    const to = readFileSync(join(this.#upstreamClone, file), "utf8") + text;
    await this.#commit(this.#upstreamClone, ADA, { subject, edits: [{ file, to }] });
  }

  async #commit(clone: string, as: Person, change: Change): Promise<void> {
    for (const edit of change.edits) {
      const path = join(clone, edit.file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, edit.from === undefined ? edit.to : replaceOnce(path, edit.from, edit.to));
    }
    await git(clone, ["add", "--all"]);
    await git(clone, ["commit", "--quiet", `--message=${change.subject}`], { as, at: this.#clock.next() });
  }

  async #tag(tag: string, title: string, notes: string): Promise<Release> {
    const message = `--message=${title}\n\n${notes}`;
    await git(this.#upstreamClone, ["tag", "--annotate", message, tag], { as: ADA, at: this.#clock.next() });
    return { tag, oid: await git(this.#upstreamClone, ["rev-parse", "HEAD"]) };
  }

  async #publish(tag: string, title: string, notes: string): Promise<Release> {
    const release = await this.#tag(tag, title, notes);
    await git(this.#upstreamClone, ["push", "--quiet", "--atomic", "origin", "main", tag]);
    return release;
  }
}

/** The story must not go on when a text it means to change is not there. */
function replaceOnce(path: string, from: string, to: string): string {
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) throw new Error(`${path} does not hold exactly once: ${from}`);
  return text.replace(from, () => to);
}
