/**
 * What one run of the engine works with: a quarantine and the few long-lived processes in it.
 *
 * @module
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { AttributeFiles } from "./attributes.ts";
import { type EngineResult, failure } from "./failure.ts";
import { MAX_MERGED } from "./file-merge.ts";
import { Merger } from "./merger.ts";
import { ObjectReader } from "./object-reader.ts";
import { ObjectWriter } from "./object-writer.ts";
import { packOf } from "./pack.ts";
import { Quarantine, type QuarantineOptions } from "./quarantine.ts";
import { openRepository } from "./repository.ts";
import { TreeEditor } from "./tree-editor.ts";
import { abilitiesOf, type GitAbilities, installedGit, isNewEnough, OLDEST_GIT } from "./version.ts";

export class Workbench {
  readonly quarantine: Quarantine;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly editor: TreeEditor;
  readonly #abilities: GitAbilities;
  readonly #mergers = new Map<boolean, Merger>();
  #attributes: AttributeFiles = new Map();

  private constructor(quarantine: Quarantine, abilities: GitAbilities) {
    this.quarantine = quarantine;
    this.#abilities = abilities;
    this.reader = new ObjectReader(quarantine.options);
    this.writer = new ObjectWriter(quarantine.objectsDir, quarantine.repository.format);
    this.editor = new TreeEditor(this.reader, this.writer);
  }

  static async open(gitDir: string, options: QuarantineOptions): Promise<EngineResult<{ bench: Workbench }>> {
    const [version, repository] = await Promise.all([installedGit(), openRepository(gitDir, options)]);
    if (version === undefined || !isNewEnough(version))
      return failure(
        "git_too_old",
        `git ${OLDEST_GIT.major}.${OLDEST_GIT.minor} or later is needed; ${version === undefined ? "what is installed does not tell its version" : `${version.text} is installed`}.`,
      );
    const quarantine = await Quarantine.open(repository, options);
    return { ok: true, bench: new Workbench(quarantine, abilitiesOf(version)) };
  }

  /** A merger that follows the attributes; `renormalize` also evens out line endings as they say. */
  merger(renormalize = false): Merger {
    const open = this.#mergers.get(renormalize);
    if (open !== undefined) return open;
    const merger = new Merger(this.quarantine, this.writer, this.#abilities, { renormalize });
    this.#mergers.set(renormalize, merger);
    return merger;
  }

  /** From the next merge on these attributes hold. Processes read them once, hence new ones. */
  async useAttributes(files: AttributeFiles): Promise<void> {
    if (files.size === 0 && this.#attributes.size === 0) return;
    this.#attributes = files;
    await this.#closeMergers();
    const { workTree } = this.quarantine;
    await rm(workTree, { recursive: true, force: true });
    await mkdir(workTree);
    for (const [path, content] of files) {
      await mkdir(join(workTree, dirname(path)), { recursive: true });
      await writeFile(join(workTree, path), content);
    }
  }

  get attributes(): AttributeFiles {
    return this.#attributes;
  }

  async #closeMergers(): Promise<void> {
    const open = [...this.#mergers.values()];
    this.#mergers.clear();
    await Promise.all(open.map((merger) => merger.close()));
  }

  /** Takes a blob that git made in the quarantine among what we make, for {@link keep}. */
  async adoptBlob(oid: string): Promise<void> {
    const size = (await this.reader.info(oid))?.size ?? 0;
    // Git made it, and can as well pack it.
    if (size > MAX_MERGED) return this.writer.leaveToGit();
    const blob = await this.reader.read(oid);
    if (blob?.type === "blob") this.writer.write("blob", blob.content);
  }

  /** Stores a commit and what was made for it in the real repository; `known` commits are there already. */
  async keep(oid: string, known: readonly string[]): Promise<void> {
    const { unwritten } = this.writer;
    if (unwritten !== undefined) return this.quarantine.keepPack(packOf(unwritten, this.quarantine.repository.format));
    this.writer.flush();
    await this.quarantine.keep(oid, known);
  }

  async close(): Promise<void> {
    await this.#closeMergers();
    await this.reader.close();
    await this.quarantine.dispose();
  }
}
