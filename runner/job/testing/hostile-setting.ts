/**
 * A job on a hostile repository, with canaries around it: a file that any command of theirs would
 * make, files outside of every checkout, secrets that must appear nowhere.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AttemptResult } from "../../../worker/contract/runner-wire.ts";
import { performJob } from "../perform-job.ts";
import { environmentSecrets, makeRedactor } from "../redact.ts";
import type { Repositories } from "./repositories.ts";
import { type EnvelopeParts, type Scratch, testEnvelope } from "./scratch.ts";

export const SECRETS = {
  PATCH_MOI_GIT_TOKEN: "canary-git-token-0123456789",
  PATCH_MOI_TOKEN: "canary-admin-token-0123456789",
  PATCH_MOI_RUNNER_SECRET: "whsec_Y2FuYXJ5LXJ1bm5lci1zZWNyZXQtMDEyMzQ1",
};
const FILE_SECRET = "canary-secret-in-a-file";

export class HostileSetting {
  readonly repositories: Repositories;
  /** Made by whatever runs that should not. */
  readonly canary: string;
  /** A folder that nobody may write to. */
  readonly outside: string;
  /** The runner's own home folder, with traps in its configuration. */
  readonly home: string;
  readonly #folder: Scratch;
  readonly #log: string[] = [];

  constructor(folder: Scratch, repositories: Repositories) {
    this.#folder = folder;
    this.repositories = repositories;
    this.canary = join(folder.path, "canary");
    this.outside = join(folder.path, "outside");
    this.home = join(folder.path, "runner-home");
    for (const made of [this.outside, this.home]) mkdirSync(made);
    writeFileSync(join(this.outside, "secret"), FILE_SECRET);
    const trap = `touch ${this.canary}`;
    const drivers = ["clean", "smudge", "process"].map((key) => `\t${key} = "${trap}"\n`).join("");
    writeFileSync(
      join(this.home, ".gitconfig"),
      `[core]\n\tfsmonitor = "${trap}"\n\tsshCommand = "${trap};"\n\teditor = "${trap}"\n\tpager = "${trap}"\n` +
        `[credential]\n\thelper = "!${trap};"\n[filter "trap"]\n${drivers}\trequired = true\n` +
        `[merge "trap"]\n\tdriver = "${trap}"\n[diff "trap"]\n\ttextconv = "${trap}"\n\tcommand = "${trap}"\n` +
        `[diff]\n\texternal = "${trap}"\n[protocol "ext"]\n\tallow = always\n[gpg]\n\tprogram = "${trap}"\n`,
    );
  }

  /** git in one of the repositories; answers what it printed. */
  git(dir: string, args: readonly string[], input: string | Buffer = ""): string {
    const identity = { GIT_AUTHOR_NAME: "M", GIT_AUTHOR_EMAIL: "m@example.org" };
    const committer = { GIT_COMMITTER_NAME: "M", GIT_COMMITTER_EMAIL: "m@example.org" };
    const env = { ...process.env, ...identity, ...committer, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
    return execFileSync("git", args, {
      cwd: dir,
      env,
      input,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
    }).trim();
  }

  /** Upstream's `v2`: `v1` with more entries in its tree, as `git mktree` reads them, whatever their names. */
  upstreamTree(...entries: readonly { mode?: string; name: string; content: string | Entry[] }[]): void {
    const dir = this.repositories.upstream;
    const base = this.git(dir, ["ls-tree", "-z", "v1"]);
    const tree = this.#tree(entries, base);
    const commit = this.git(dir, ["commit-tree", "-p", "v1", "-m", "hostile", tree]);
    this.git(dir, ["update-ref", "refs/tags/v2", commit]);
  }

  #tree(entries: readonly Entry[], base = ""): string {
    const dir = this.repositories.upstream;
    const lines = entries.map(({ mode, name, content }) => {
      if (typeof content !== "string") return `040000 tree ${this.#tree(content)}\t${name}\0`;
      const oid = this.git(dir, ["hash-object", "-w", "--stdin"], content);
      return `${mode ?? "100644"} blob ${oid}\t${name}\0`;
    });
    return this.git(dir, ["mktree", "-z"], base + lines.join(""));
  }

  async perform(parts: EnvelopeParts = {}, env: Record<string, string> = {}): Promise<AttemptResult> {
    const { upstream, fork } = this.repositories;
    const tools = {
      home: this.#folder.home,
      signal: new AbortController().signal,
      progress: () => {},
      log: (text: string) => void this.#log.push(text),
      redact: makeRedactor(environmentSecrets(SECRETS)),
      push: true,
    };
    const runner = { PATH: process.env.PATH, HOME: this.home, ...SECRETS, ...env };
    return AttemptResult.parse(await performJob(testEnvelope({ upstream, fork, ...parts }), tools, runner));
  }

  /** What was touched or told; empty when nothing was. */
  harm(result: AttemptResult): string[] {
    const found: string[] = [];
    if (existsSync(this.canary)) found.push("a command of theirs ran");
    if (readdirSync(this.outside).join() !== "secret") found.push("the outside was written to");
    if (readFileSync(join(this.outside, "secret"), "utf8") !== FILE_SECRET) found.push("a file outside was changed");
    if (readdirSync(this.#folder.home.work).length > 0) found.push("folders are left");
    const all = ["--batch-all-objects", "--batch", "--unordered"];
    const told = JSON.stringify(result) + this.#log.join("\n") + this.git(this.repositories.fork, ["cat-file", ...all]);
    for (const secret of [...Object.values(SECRETS), FILE_SECRET])
      for (const form of [secret, Buffer.from(secret).toString("base64"), encodeURIComponent(secret)])
        if (told.includes(form)) found.push(`a secret was told: ${form}`);
    return found;
  }

  get log(): string {
    return this.#log.join("\n");
  }
}

type Entry = { mode?: string; name: string; content: string | Entry[] };
