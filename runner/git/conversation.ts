/**
 * A git process that stays: requests in through stdin, answers out through stdout, in order.
 *
 * @module
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { ByteReader } from "./byte-reader.ts";
import { classifyStderr, GitError } from "./git-error.ts";
import { endProcess, exitOf, type GitOptions, StderrTail, spawnGit, subcommand } from "./process.ts";

export type ConversationOptions = Pick<GitOptions, "gitDir" | "env" | "config" | "protocols" | "signal" | "cwd">;

export class Conversation {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #reader: ByteReader;
  readonly #exit: Promise<void>;
  /** Answers are read one after the other, in the order of the requests. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(args: readonly string[], options: ConversationOptions) {
    const command = subcommand(args);
    this.#child = spawnGit(args, options);
    this.#reader = new ByteReader(this.#child.stdout);
    const stderr = new StderrTail();
    this.#child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    const onAbort = () => endProcess(this.#child);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.signal?.aborted === true) onAbort();
    this.#exit = exitOf(this.#child, command).then(
      (exitCode) => {
        options.signal?.removeEventListener("abort", onAbort);
        const code = options.signal?.aborted === true ? "aborted" : classifyStderr(stderr.text());
        this.#reader.end(new GitError(code, command, exitCode, stderr.text()));
      },
      (error: Error) => this.#reader.end(error),
    );
  }

  /** Sends a request and reads its answer; requests may be sent while earlier answers are still to come. */
  ask<T>(request: string | Buffer, read: (reader: ByteReader) => Promise<T>): Promise<T> {
    this.#child.stdin.write(request);
    const answer = this.#last.then(() => read(this.#reader));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the process; answers not read yet fail. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    endProcess(this.#child);
    await this.#exit;
  }
}
