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
import { type Bring, bringFrom, type Promisor, type PromisorAccess, promisorConfig } from "./promised.ts";
import type { Repository } from "./repository.ts";

export type QuarantineOptions = Pick<GitOptions, "env" | "protocols" | "signal"> & {
  /** Where the temporary repository is made; the system's folder for such things when not given. */
  folder?: string | undefined;
  /**
   * Where a partial clone's remote is and how it is asked for what the clone lacks, by processes of
   * the quarantine only. `keep` stores it in the clone; otherwise it goes with the quarantine. When
   * not given, the clone's own configuration says where.
   */
  promised?: (Promisor & { access: PromisorAccess; objects: "keep" | "forget" }) | undefined;
};

/** What git processes in a quarantine are started with; `bring` is there when something may be missing. */
export type QuarantinedGit = Pick<GitOptions, "env" | "protocols" | "fetchesMissing" | "signal"> & {
  gitDir: string;
  config: Record<string, string>;
  bring?: Bring;
};

/** Nothing here outlives the process by itself: no need to wait for the disk or to compress well. */
const HASTE: ReadonlyMap<string, string> = new Map([
  ["core.fsync", "none"],
  ["core.looseCompression", "1"],
  ["pack.compression", "1"],
]);

export class Quarantine {
  readonly repository: Repository;
  readonly gitDir: string;
  readonly objectsDir: string;
  /** An empty folder that merges run in, for the attribute files they follow. */
  readonly workTree: string;
  readonly #options: QuarantineOptions;
  #promised: QuarantinedGit | undefined;

  private constructor(repository: Repository, gitDir: string, options: QuarantineOptions) {
    this.repository = repository;
    this.gitDir = gitDir;
    this.objectsDir = join(gitDir, "objects");
    this.workTree = join(gitDir, "worktree");
    this.#options = options;
  }

  static async open(repository: Repository, options: QuarantineOptions): Promise<Quarantine> {
    if (repository.objectsDir.includes("\n")) throw new Error("a path with a newline cannot be an alternate");
    const gitDir = await mkdtemp(join(options.folder ?? tmpdir(), "patch-moi-quarantine-"));
    const quarantine = new Quarantine(repository, gitDir, options);
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
    const [promisor] = await Promise.all([
      this.#options.promised ?? promisorRemote(repository),
      ...made.map((folder) => mkdir(join(gitDir, folder), { recursive: true })),
    ]);
    await Promise.all([
      writeFile(join(gitDir, "HEAD"), "ref: refs/heads/none\n"),
      writeFile(join(gitDir, "objects", "info", "alternates"), `${repository.objectsDir}\n`),
      writeFile(join(gitDir, "config"), quarantineConfig(repository)),
      repository.shallowFile === undefined ? undefined : copyFile(repository.shallowFile, join(gitDir, "shallow")),
    ]);
    if (promisor !== undefined) this.#fetchFrom(promisor);
  }

  /** What every git process in here is started with. */
  get options(): QuarantinedGit {
    return this.#promised ?? this.#local;
  }

  /** Fetches nothing. */
  get #local(): QuarantinedGit {
    const { env, protocols, signal } = this.#options;
    return { env, protocols, signal, gitDir: this.gitDir, config: Object.fromEntries(HASTE) };
  }

  /** That it is a partial clone stands in no file here: only processes that are told so fetch. */
  #fetchFrom(promisor: Promisor): void {
    const local = this.#local;
    const { access, objects } = this.#options.promised ?? { access: {}, objects: "forget" };
    const fetching = {
      ...local,
      config: { ...local.config, ...access.config, ...promisorConfig(promisor) },
      env: { ...local.env, ...access.env },
      protocols: access.protocols ?? local.protocols,
      fetchesMissing: true,
    };
    const env = objects === "keep" ? { GIT_OBJECT_DIRECTORY: this.repository.objectsDir } : undefined;
    const bring = bringFrom(promisor, local, { ...fetching, env: { ...fetching.env, ...env } });
    this.#promised = { ...fetching, bring };
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
    const { bring: _, ...options } = this.options;
    const { env, config } = options;
    await runGit(["pack-objects", "--revs", "--quiet", "--non-empty", "--missing=allow-promisor", pack], {
      ...options,
      // As safe on the disk and as small as anything of the real repository: none of the quarantine's haste.
      config: Object.fromEntries(Object.entries(config).filter(([key]) => !HASTE.has(key))),
      input,
      env: {
        ...env,
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

/** The object format; nothing else is taken over. */
function quarantineConfig({ format }: Repository): string {
  const lines = ["[core]", "\tbare = true", "\trepositoryformatversion = 1", "[extensions]"];
  if (format === "sha256") lines.push("\tobjectFormat = sha256");
  return `${lines.join("\n")}\n`;
}

/** Where a partial clone fetches what it lacks. */
async function promisorRemote(repository: Repository): Promise<Promisor | undefined> {
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
