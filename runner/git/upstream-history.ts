/**
 * Upstream's commits that touch the files of a stack, from one `git log`.
 *
 * @module
 */
import { subjectOf } from "./commit.ts";
import type { GitOptions } from "./process.ts";
import { runGit } from "./process.ts";

export interface UpstreamCommitInfo {
  oid: string;
  parent: string | undefined;
  subject: string;
  /** Whole message, cut at {@link MAX_MESSAGE}. */
  message: string;
  author: string;
  authoredSeconds: number;
  /** All paths it changes, not only those asked for. */
  paths: Set<string>;
}

const MAX_MESSAGE = 4096;
const FORMAT = "%x01%H%x00%P%x00%an <%ae>%x00%at%x00%B%x00";

export interface UpstreamRange {
  onto: string;
  head: string;
  /** Look no further back than this many commits of `onto`'s first-parent line. */
  newest?: number;
}

/** Commits of `onto` that `head` does not have and that touch one of `paths`, newest first. Merges are left out. */
export async function upstreamCommitsTouching(
  git: Pick<GitOptions, "gitDir" | "env" | "config" | "protocols" | "signal">,
  range: UpstreamRange,
  paths: readonly string[],
): Promise<UpstreamCommitInfo[]> {
  // A path with a newline cannot be told through --stdin.
  const told = paths.filter((path) => path !== "" && !/[\n\0]/.test(path));
  if (told.length === 0) return [];
  const older = range.newest === undefined ? "" : `^${range.onto}~${range.newest}\n`;
  const parser = new LogParser();
  await runGit(
    [
      "log",
      "--stdin",
      "--topo-order",
      "--full-history",
      "--full-diff",
      "--no-merges",
      "--no-renames",
      "--no-ext-diff",
      "--raw",
      "-z",
      `--format=tformat:${FORMAT}`,
    ],
    {
      ...git,
      input: `${range.onto}\n^${range.head}\n${older}--\n${told.join("\n")}\n`,
      onStdout: (chunk) => parser.push(chunk),
    },
  );
  return parser.end();
}

class LogParser {
  readonly #commits: UpstreamCommitInfo[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #fields: string[] | undefined;
  #awaitsPath = false;

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, start)) {
      this.#token(bytes.toString("utf8", start, at));
      start = at + 1;
    }
    this.#rest = bytes.subarray(start);
  }

  end(): UpstreamCommitInfo[] {
    if (this.#rest.length > 0) this.#token(this.#rest.toString("utf8"));
    return this.#commits;
  }

  #token(token: string): void {
    if (this.#awaitsPath) {
      this.#awaitsPath = false;
      this.#commits.at(-1)?.paths.add(token);
    } else if (this.#fields !== undefined) {
      this.#fields.push(token);
      if (this.#fields.length === 5) this.#finish(this.#fields);
    } else if (token.startsWith("\x01")) this.#fields = [token.slice(1)];
    else if (/^\n?:/.test(token)) this.#awaitsPath = true;
  }

  #finish([oid = "", parents = "", author = "", seconds = "", message = ""]: string[]): void {
    this.#fields = undefined;
    this.#commits.push({
      oid,
      parent: parents.split(" ").find((p) => p !== ""),
      subject: subjectOf(message),
      message: message.slice(0, MAX_MESSAGE),
      author,
      authoredSeconds: Number(seconds),
      paths: new Set(),
    });
  }
}
