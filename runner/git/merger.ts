/**
 * Three-way merges of trees, all through one `git merge-tree --stdin`.
 *
 * Two things of older gits are worked around here and nowhere else:
 *
 * - Before 2.45 merge-tree takes commits and finds the merge base by itself. A throw-away commit
 *   that has our tree and the wanted base as its parent makes that base the merge base.
 * - Before 2.49 answers are not flushed: one would wait in git's stdio buffer for ever. After each
 *   request goes a second one, made up so that its answer is longer than that buffer.
 *
 * @module
 */
import type { ByteReader } from "./byte-reader.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";
import { type FileSet, writeFileSet } from "./file-set.ts";
import { type MergeAnswer, parseMergeOutput, readMergeAnswer } from "./merge-answer.ts";
import { type ObjectWriter, treeContent } from "./object-writer.ts";
import { runGit } from "./process.ts";
import type { Quarantine } from "./quarantine.ts";
import type { GitAbilities } from "./version.ts";

/** A tree, and a commit that has it where there is one; `theirs.commit` must have `base.commit` as a parent. */
export interface Side {
  tree: string;
  commit?: string | undefined;
}

/** Bytes of the path in the padding merge; its answer names the path five times. stdio buffers are 4 to 16 KiB. */
const PADDING_PATH = 6_000;
/**
 * Newer than any real commit. git looks for merge bases newest first: with an old date it would walk
 * the whole history before it looked at the throw-away commit.
 */
const LATEST = "patch.moi <patch.moi@localhost> 4102444800 +0000";

/** A merge of a few files; `before` and `after` are commits that hold nothing else, for their diff. */
export type MergedFiles = { clean: false } | { clean: true; tree: string; before: string; after: string };

export interface MergerOptions {
  /** Normalize line endings as `.gitattributes` says before merging. */
  renormalize?: boolean;
}

export class Merger {
  readonly #writer: ObjectWriter;
  readonly #abilities: GitAbilities;
  readonly #options: ConversationOptions;
  #conversation: Conversation | undefined;
  #padding: string | undefined;

  constructor(quarantine: Quarantine, writer: ObjectWriter, abilities: GitAbilities, options: MergerOptions = {}) {
    this.#writer = writer;
    this.#abilities = abilities;
    const config = {
      ...quarantine.options.config,
      // The base's lines between the markers tell which upstream commits met the patch there.
      "merge.conflictStyle": "diff3",
      "merge.renormalize": String(options.renormalize ?? false),
    };
    // In a work tree, since git reads attributes from one: it holds nothing but those (see attributes.ts).
    const env = { ...quarantine.options.env, GIT_WORK_TREE: quarantine.workTree };
    this.#options = { ...quarantine.options, config, env, cwd: quarantine.workTree };
  }

  /** Merges `theirs` into `ours` as changes since `base`: a cherry-pick of `base..theirs` onto `ours`. */
  merge(base: Side, ours: Side, theirs: Side): Promise<MergeAnswer> {
    this.#writer.flush();
    return this.#mergeWritten(base, ours, theirs);
  }

  /**
   * Merges a few files as if there were no others: the time it takes does not grow with the tree.
   * Only for files that no rename can touch (see tree-editor.ts).
   *
   * @param patch oid of the patch, which tells one answer's commits from another's
   */
  async mergeFiles(sides: Record<"base" | "ours" | "theirs", FileSet>, patch: string): Promise<MergedFiles> {
    const tree = (files: FileSet) => writeFileSet(this.#writer, files);
    const base = { tree: tree(sides.base) };
    const ours = { tree: tree(sides.ours) };
    const answer = await this.#mergeWritten(base, ours, { tree: tree(sides.theirs) });
    if (!answer.clean) return { clean: false };
    return { clean: true, tree: answer.tree, ...this.#beforeAndAfter(ours.tree, answer.tree, patch) };
  }

  /** Commits of a few files before and after a patch, for its diff. */
  miniature(before: FileSet, after: FileSet, patch: string): { before: string; after: string } {
    for (const files of [before, after]) for (const { oid } of files.values()) this.#writer.show(oid);
    const [from, to] = [writeFileSet(this.#writer, before), writeFileSet(this.#writer, after)];
    return this.#beforeAndAfter(from, to, patch);
  }

  #beforeAndAfter(from: string, to: string, patch: string): { before: string; after: string } {
    const before = this.#commit(from, [], `before ${patch}`);
    return { before, after: this.#commit(to, [before], `after ${patch}`) };
  }

  #mergeWritten(base: Side, ours: Side, theirs: Side): Promise<MergeAnswer> {
    const [left, right] = this.#sides(base, ours, theirs);
    if (!this.#abilities.mergeTreeStdin) return this.#mergeByItself(left, right);
    if (this.#conversation === undefined) {
      this.#conversation = new Conversation(["merge-tree", "--write-tree", "-z", "--stdin"], this.#options);
      // The first answer read is that of the first request: nothing stands before it.
      this.#padding = this.#abilities.mergeTreeFlushes ? "" : this.#paddingRequest();
    }
    const padding = this.#padding ?? "";
    const request = this.#abilities.mergeTreeOfTrees
      ? `${base.tree} -- ${ours.tree} ${theirs.tree}\n`
      : `${left} ${right}\n`;
    return this.#conversation.ask(request + padding, this.#readPadded(padding !== ""));
  }

  /** Merges two commits as `git merge --allow-unrelated-histories` would. */
  mergeCommits(ours: string, theirs: string): Promise<MergeAnswer> {
    // By itself: without a common ancestor merge-tree dies, and the option for that is none of `--stdin`'s requests.
    return this.#mergeByItself(ours, theirs, "--allow-unrelated-histories");
  }

  async close(): Promise<void> {
    await this.#conversation?.close();
    this.#conversation = undefined;
  }

  /** The rest of a padding answer arrives only with the next request: it is read before that one's answer. */
  #owed = false;

  #readPadded(padded: boolean) {
    return async (reader: ByteReader): Promise<MergeAnswer> => {
      if (this.#owed) await readMergeAnswer(reader);
      this.#owed = padded;
      return readMergeAnswer(reader);
    };
  }

  /** Two commits whose only merge base has the tree of `base`. */
  #sides(base: Side, ours: Side, theirs: Side): [string, string] {
    if (this.#abilities.mergeTreeOfTrees) return [ours.tree, theirs.tree];
    const baseCommit = base.commit ?? this.#commit(base.tree, []);
    const right = base.commit === undefined ? undefined : theirs.commit;
    return [this.#commit(ours.tree, [baseCommit]), right ?? this.#commit(theirs.tree, [baseCommit], "theirs")];
  }

  #commit(tree: string, parents: readonly string[], message = "ours"): string {
    const lines = [`tree ${tree}`, ...parents.map((p) => `parent ${p}`), `author ${LATEST}`, `committer ${LATEST}`];
    return this.#writer.writeNow("commit", Buffer.from(`${lines.join("\n")}\n\n${message}\n`));
  }

  #paddingRequest(): string {
    const name = "x".repeat(PADDING_PATH);
    const tree = (text: string, file: string) => {
      const oid = this.#writer.writeNow("blob", Buffer.from(text));
      return this.#writer.writeNow("tree", treeContent([{ mode: "100644", name: file, oid }]));
    };
    const base = this.#commit(tree("base\n", name), []);
    const ours = this.#commit(tree("ours\n", name), [base]);
    const theirs = this.#commit(tree("theirs\n", "y"), [base]);
    if (this.#abilities.mergeTreeOfTrees)
      return `${tree("base\n", name)} -- ${tree("ours\n", name)} ${tree("theirs\n", "y")}\n`;
    return `${ours} ${theirs}\n`;
  }

  async #mergeByItself(left: string, right: string, ...more: readonly string[]): Promise<MergeAnswer> {
    const { stdout, exitCode } = await runGit(
      ["merge-tree", "--write-tree", "-z", "--messages", ...more, left, right],
      {
        ...this.#options,
        okExitCodes: [1],
      },
    );
    return parseMergeOutput(stdout, exitCode === 0);
  }
}
