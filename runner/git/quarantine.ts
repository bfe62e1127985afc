/**
 * A temporary bare repository that borrows the objects of a real one and writes into itself.
 *
 * The engine works only in here. Three things follow: the real repository's configuration (merge
 * drivers, external diffs, hooks) is never read while the contents of a hostile repository are
 * handled; an attempt that is abandoned leaves nothing behind; and a forecast is a replay whose
 * quarantine is thrown away.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pack } from "./pack.ts";
import { type GitOptions, runGit } from "./process.ts";
import type { Repository } from "./repository.ts";

export type QuarantineOptions = Pick<GitOptions, "env" | "protocols" | "signal"> & {
  /** Where the temporary repository is made; the system's folder for such things when not given. */
  folder?: string | undefined;
};

export class Quarantine {
  readonly repository: Repository;
  readonly gitDir: string;
  readonly objectsDir: string;
  /** An empty folder that merges run in, for the attribute files they follow. */
  readonly workTree: string;
  readonly #options: Omit<QuarantineOptions, "folder">;

  private constructor(repository: Repository, gitDir: string, options: Omit<QuarantineOptions, "folder">) {
    this.repository = repository;
    this.gitDir = gitDir;
    this.objectsDir = join(gitDir, "objects");
    this.workTree = join(gitDir, "worktree");
    this.#options = options;
  }

  static async open(repository: Repository, options: QuarantineOptions): Promise<Quarantine> {
    if (repository.objectsDir.includes("\n")) throw new Error("a path with a newline cannot be an alternate");
    const gitDir = await mkdtemp(join(options.folder ?? tmpdir(), "patch-moi-quarantine-"));
    const { env, protocols, signal } = options;
    const quarantine = new Quarantine(repository, gitDir, { env, protocols, signal });
    try {
      await quarantine.#furnish();
    } catch (error) {
      await quarantine.dispose();
      throw error;
    }
    return quarantine;
  }

  async #furnish(): Promise<void> {
    const { repository, gitDir } = this;
    const made = ["refs", "worktree", "objects/info", "objects/pack"];
    const [config] = await Promise.all([
      quarantineConfig(repository),
      ...made.map((folder) => mkdir(join(gitDir, folder), { recursive: true })),
    ]);
    await Promise.all([
      writeFile(join(gitDir, "HEAD"), "ref: refs/heads/none\n"),
      writeFile(join(gitDir, "objects", "info", "alternates"), `${repository.objectsDir}\n`),
      writeFile(join(gitDir, "config"), config),
      repository.shallowFile === undefined ? undefined : copyFile(repository.shallowFile, join(gitDir, "shallow")),
    ]);
  }

  /** What every git process in here is started with. */
  get options(): Omit<QuarantineOptions, "folder"> & { gitDir: string; config: Record<string, string> } {
    return {
      ...this.#options,
      gitDir: this.gitDir,
      // Nothing here outlives the process by itself: no need to wait for the disk or to compress well.
      config: { "core.fsync": "none", "core.looseCompression": "1", "pack.compression": "1" },
    };
  }

  /**
   * Stores `oid` and what it needs in the real repository, as one pack. Nothing refers to it yet.
   *
   * @param known commits whose objects the real repository has
   */
  async keep(oid: string, known: readonly string[]): Promise<void> {
    const input = [oid, ...known.map((k) => `^${k}`), ""].join("\n");
    const pack = join(this.repository.objectsDir, "pack", "pack");
    await mkdir(join(this.repository.objectsDir, "pack"), { recursive: true });
    await runGit(["pack-objects", "--revs", "--quiet", "--non-empty", "--missing=allow-promisor", pack], {
      ...this.#options,
      gitDir: this.gitDir,
      input,
      env: {
        ...this.#options.env,
        // The pack is written where it will stay, so that git renames it into place.
        GIT_OBJECT_DIRECTORY: this.repository.objectsDir,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: this.objectsDir,
      },
    });
  }

  /**
   * Stores a pack that was never in here in the real repository. The index comes last and makes it
   * seen; both are on the disk by then.
   */
  async keepPack({ checksum, pack, index }: Pack): Promise<void> {
    const folder = join(this.repository.objectsDir, "pack");
    const name = join(folder, `pack-${checksum}`);
    await mkdir(folder, { recursive: true });
    for (const [ending, content] of [
      ["pack", pack],
      ["idx", index],
    ] as const) {
      // git knows files of such names as left-overs and cleans them up.
      const unfinished = join(folder, `tmp_${ending}_${randomUUID()}`);
      await writeFile(unfinished, content, { mode: 0o444, flush: true });
      await rename(unfinished, `${name}.${ending}`);
    }
  }

  async dispose(): Promise<void> {
    await rm(this.gitDir, { recursive: true, force: true });
  }
}

/** Object format, and where a partial clone fetches what it lacks; nothing else is taken over. */
async function quarantineConfig(repository: Repository): Promise<string> {
  const lines = ["[core]", "\tbare = true", "\trepositoryformatversion = 1", "[extensions]"];
  if (repository.format === "sha256") lines.push("\tobjectFormat = sha256");
  const promisor = await promisorRemote(repository);
  if (promisor !== undefined)
    lines.push(
      `\tpartialClone = ${promisor.name}`,
      `[remote "${promisor.name}"]`,
      `\turl = ${quoted(promisor.url)}`,
      "\tpromisor = true",
      "\tpartialCloneFilter = blob:none",
    );
  return `${lines.join("\n")}\n`;
}

async function promisorRemote(repository: Repository): Promise<{ name: string; url: string } | undefined> {
  // Most repositories are whole; reading the file tells so without a process.
  const text = await readFile(join(repository.gitDir, "config"), "utf8").catch(() => "");
  if (!/promisor|partialclone/i.test(text)) return undefined;
  const { stdout } = await runGit(["config", "-z", "--local", "--get-regexp", "^remote\\..*\\.(promisor|url)$"], {
    gitDir: repository.gitDir,
    okExitCodes: [1],
  });
  const settings = new Map<string, string>();
  for (const entry of stdout.toString("utf8").split("\0")) {
    const newline = entry.indexOf("\n");
    if (newline > 0) settings.set(entry.slice(0, newline), entry.slice(newline + 1));
  }
  for (const [key, value] of settings) {
    const name = /^remote\.([A-Za-z0-9._/-]+)\.promisor$/.exec(key)?.[1];
    const url = name === undefined ? undefined : settings.get(`remote.${name}.url`);
    if (name !== undefined && url !== undefined && value === "true") return { name, url };
  }
  return undefined;
}

function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
