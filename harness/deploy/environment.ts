/**
 * One environment of the deployment: `wrangler.toml` with its own names and the ids of its account.
 *
 * `wrangler.toml` says what a deployment is made of, once. An environment has everything of it under names of its
 * own, so two of them never share a database or a queue, and no id of anybody's account stands in the repository.
 *
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import { describeIssues } from "../../worker/contract/issue-words.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { DeployFailure } from "./deploy-failure.ts";

/** The one whose Worker has the name of `wrangler.toml` itself. */
export const PRODUCTION = "production";

/** Stands in `wrangler.toml` for an id that nobody has yet. */
const NO_ID = "00000000-0000-0000-0000-000000000000";

/** What is read of `wrangler.toml`; all else goes through as it is. */
const WranglerConfig = z.looseObject({
  name: z.string(),
  main: z.string(),
  assets: z.looseObject({ directory: z.string() }),
  d1_databases: z.tuple([
    z.looseObject({
      binding: z.string(),
      database_name: z.string(),
      database_id: z.string(),
      migrations_dir: z.string(),
    }),
  ]),
  queues: z.looseObject({
    producers: z.array(z.looseObject({ queue: z.string() })),
    consumers: z.array(z.looseObject({ queue: z.string(), dead_letter_queue: z.undefined().optional() })),
  }),
  // Names of its own would be needed for these too; none is used so far.
  kv_namespaces: z.undefined().optional(),
  r2_buckets: z.undefined().optional(),
  env: z.undefined().optional(),
});

export type WranglerConfig = z.infer<typeof WranglerConfig>;

export type Environment = {
  name: string;
  /** Name of the Worker. */
  worker: string;
  database: string;
  /** Id that `wrangler.toml` names, as the Deploy to Cloudflare button writes it; undefined where it names none. */
  databaseId: string | undefined;
  queues: readonly string[];
  /** What wrangler is given; `databaseId` is that of the account, absent where nothing is uploaded. */
  config(databaseId?: string): WranglerConfig;
};

/** @throws {DeployFailure} when `name` cannot be an environment's, or `wrangler.toml` is not as this version needs it. */
export function readEnvironment(name: string, project = PROJECT): Environment {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name))
    throw new DeployFailure(
      "bad_environment",
      `'${name}' cannot name an environment: use up to 32 of a-z, 0-9 and '-', such as staging`,
      2,
    );
  const base = readBase(join(project, "wrangler.toml"));
  const own = (shared: string): string => (name === PRODUCTION ? shared : `${shared}-${name}`);
  const [db] = base.d1_databases;
  const config = (databaseId = db.database_id): WranglerConfig => ({
    ...base,
    name: own(base.name),
    // The file stands elsewhere than wrangler.toml does.
    main: resolve(project, base.main),
    assets: { ...base.assets, directory: resolve(project, base.assets.directory) },
    d1_databases: [
      {
        ...db,
        database_name: own(db.database_name),
        database_id: databaseId,
        migrations_dir: resolve(project, db.migrations_dir),
      },
    ],
    queues: {
      ...base.queues,
      producers: base.queues.producers.map((producer) => ({ ...producer, queue: own(producer.queue) })),
      consumers: base.queues.consumers.map((consumer) => ({
        ...consumer,
        queue: own(consumer.queue),
      })),
    },
  });
  const { consumers, producers } = config().queues;
  return {
    name,
    worker: own(base.name),
    database: own(db.database_name),
    databaseId: name === PRODUCTION && db.database_id !== NO_ID ? db.database_id : undefined,
    queues: [
      ...new Set([...consumers.map((consumer) => consumer.queue), ...producers.map((producer) => producer.queue)]),
    ],
    config,
  };
}

function readBase(file: string): WranglerConfig {
  const read = WranglerConfig.safeParse(parse(readFileSync(file, "utf8")));
  if (read.success) return read.data;
  const problems = describeIssues(read.error).join("; ");
  throw new DeployFailure("bad_config", `${file}: ${problems}; compare it with the one of this version`, 2);
}

/**
 * Writes what wrangler reads, and returns the file: `.patch-moi/deploy/<environment>.json`, which people give to
 * wrangler too. Without an id of a database, as for a dry run, that one stays and another is written.
 */
export function writeConfig(environment: Environment, databaseId?: string, project = PROJECT): string {
  const folder = join(project, ".patch-moi", "deploy", databaseId === undefined ? "dry-run" : "");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${environment.name}.json`);
  writeFileSync(file, `${JSON.stringify(environment.config(databaseId), null, 2)}\n`);
  return file;
}
