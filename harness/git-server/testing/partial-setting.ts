/**
 * An upstream that serves partial clones and its fork, over HTTP, and jobs on them.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { performJob } from "../../../runner/job/perform-job.ts";
import { makeRedactor } from "../../../runner/job/redact.ts";
import { lines, Repositories } from "../../../runner/job/testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch, testEnvelope } from "../../../runner/job/testing/scratch.ts";
import { AttemptResult } from "../../../worker/contract/runner-wire.ts";
import { type GitServer, startGitServer } from "../server.ts";

export const FILES = 12;
const TOKEN = "canary-token-0123456789";

/** Made anew for each test. */
export class PartialSetting {
  readonly folder: Scratch = scratch();
  readonly repositories: Repositories;
  /** Requests for objects of upstream. */
  asked = 0;
  /** From this one of them on upstream hangs up. */
  outageFrom = Number.POSITIVE_INFINITY;
  readonly authorized: string[] = [];
  readonly logged: string[] = [];
  #server: GitServer | undefined;

  private constructor(original: Repositories) {
    mkdirSync(join(this.#root, "acme"), { recursive: true });
    this.repositories = original.copyTo(join(this.#root, "acme"));
    git(this.repositories.fork, "config", "http.receivepack", "true");
  }

  static async start(original: Repositories): Promise<PartialSetting> {
    const setting = new PartialSetting(original);
    setting.#server = await startGitServer({
      root: setting.#root,
      access: (token) => (token === TOKEN ? "write" : "none"),
      onRequest: (request) => setting.#onRequest(request),
    });
    return setting;
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.folder[Symbol.dispose]();
  }

  get #root(): string {
    return join(this.folder.path, "served");
  }

  #onRequest(request: IncomingMessage): void {
    const { method, url = "", headers } = request;
    if (method === "POST" && url.startsWith("/acme/upstream.git/git-upload-pack")) this.asked += 1;
    if (this.asked >= this.outageFrom && url.startsWith("/acme/upstream.git")) request.socket.destroy();
    if (headers.authorization !== undefined) this.authorized.push(`${headers.host?.split(":")[0]}${url.split("?")[0]}`);
  }

  /** Upstream and fork are two hosts, as far as credentials go. */
  get urls(): { upstream: string; fork: string } {
    const port = this.#server?.port;
    return { upstream: `http://127.0.0.1:${port}/acme/upstream.git`, fork: `http://localhost:${port}/acme/fork.git` };
  }

  toolsIn(home: Scratch["home"]) {
    return {
      home,
      signal: new AbortController().signal,
      progress: () => {},
      log: (line: string) => void this.logged.push(line),
      redact: makeRedactor([]),
      push: true,
    };
  }

  async perform(parts: EnvelopeParts = {}, env: Record<string, string> = {}, home = this.folder.home) {
    const runner = { PATH: process.env.PATH, PATCH_MOI_GIT_TOKEN: TOKEN, PATCH_MOI_PARTIAL_CLONE: "always", ...env };
    return AttemptResult.parse(await performJob(testEnvelope({ ...this.urls, ...parts }), this.toolsIn(home), runner));
  }

  mirror(home = this.folder.home): string {
    const [name = ""] = readdirSync(home.mirrors).filter((entry) => entry.endsWith(".git"));
    return join(home.mirrors, name);
  }

  /** Contents that the mirror does not have. */
  missing(): string[] {
    const listed = git(this.mirror(), "rev-list", "--objects", "--missing=print", "--all");
    return listed.split("\n").flatMap((line) => (line.startsWith("?") ? [line.slice(1)] : []));
  }
}

/** A setting for each test of a file, by a function since it is another one each time. */
export function partialSettings(): () => PartialSetting {
  let sources: string;
  let original: Repositories;
  let setting: PartialSetting;
  beforeAll(() => {
    sources = mkdtempSync(join(tmpdir(), "patch-moi-partial-"));
    original = Repositories.in(sources);
    longHistory(original);
  });
  afterAll(() => rmSync(sources, { recursive: true, force: true }));
  beforeEach(async () => {
    setting = await PartialSetting.start(original);
  });
  afterEach(() => setting.stop());
  return () => setting;
}

export function git(cwd: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

export function allow(repository: string, name = "uploadpack.allowFilter", value = "true"): void {
  git(repository, "config", name, value);
}

/** Of each file its own. */
export function text(file: number, changed: Record<number, string> = {}): string {
  return `file ${file}\n${lines(changed)}`;
}

/**
 * Many versions of many files upstream; in the fork a patch for each file that stands near upstream's
 * changes (`patches`), and others that upstream's changes meet (`conflicting`).
 */
function longHistory(made: Repositories): void {
  const all = (changed: Record<number, string>) =>
    Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`lib/f${i}`, text(i, changed)]));
  made.release("v1.1", { ...all({}), ".gitattributes": "*.log merge=union\n" });
  for (let i = 0; i < 4; i += 1) made.release(`v1.1.${i}`, all({ 17: `old ${i}` }));
  made.pushToFork("patches", "v1.1.3", [
    ...Array.from({ length: FILES }, (_, i) => ({
      subject: `ours in f${i}`,
      files: { [`lib/f${i}`]: text(i, { 5: "ours", 17: "old 3" }) },
    })),
    { subject: "ours, beside", files: { "lib/new": "new\n" } },
  ]);
  made.pushToFork("conflicting", "v1.1.3", [
    { subject: "taken by upstream", files: { "lib/f2": text(2, { 12: "taken", 17: "old 3" }) } },
    { subject: "where upstream was", files: { "lib/f1": text(1, { 7: "ours", 17: "old 3" }) } },
    { subject: "after that", files: { "lib/f1": text(1, { 6: "more", 7: "ours", 17: "old 3" }) } },
  ]);
  made.pushToFork("older", "v1.1.1", [
    { subject: "an old one", files: { "lib/f4": text(4, { 5: "ours", 17: "old 1" }) } },
  ]);
  made.release("v1.2", { "lib/f2": text(2, { 12: "taken", 17: "old 3" }) });
  made.release("v2", all({ 7: "theirs", 12: "taken on", 17: "old 3" }));
}
