/**
 * From an empty Cloudflare account to a deployment that answers. Safe to run again: what is there is found, what is
 * missing is made, and nothing is made twice.
 *
 * The order keeps a running deployment whole: migrations only add, so the Worker that is there works on the newer
 * database until the new one takes its place; secrets are uploaded together with the Worker that needs them.
 *
 * @module
 */
import { z } from "zod";
import { Health } from "../../worker/contract/health.ts";
import { buildSite } from "../docs/site.ts";
import { until } from "../process/until.ts";
import type { Account } from "./account.ts";
import { DeployFailure } from "./deploy-failure.ts";
import { type Environment, writeConfig } from "./environment.ts";
import { planSecrets, type SecretPlan } from "./secrets.ts";

/** A new address takes its time until it is known everywhere, milliseconds. */
const ANSWER_MS = 3 * 60_000;

export type Deployment = {
  environment: string;
  worker: string;
  /** Where it answers; null when it was given no address. */
  url: string | null;
  database: { name: string; id: string; created: boolean };
  queues: { name: string; created: boolean }[];
  migrations: number;
  secrets: SecretPlan["origin"];
  /** Those that were made now: they are shown this once. */
  made: Record<string, string>;
  /** Null when it has no address or no token is known to ask with. */
  health: Health | null;
};

/** Told what is done as it is done. */
export type Teller = (what: string, said: string) => void;

export async function deploy(
  target: Environment,
  account: Account,
  given: NodeJS.ProcessEnv,
  tell: Teller,
): Promise<Deployment> {
  // First, so that a secret which cannot be used stops us before anything is made.
  const { send, origin } = planSecrets(await account.secretNames(target.worker), given);
  const database = await ensureDatabase(target, account, tell);
  const queues: Deployment["queues"] = [];
  for (const name of target.queues) queues.push(await ensureQueue(name, account, tell));

  const config = writeConfig(target, database.id);
  const migrations = await account.migrate(config, target.config().d1_databases[0].binding);
  tell("migrations", migrations === 0 ? "all are applied" : `${migrations} applied`);

  for (const [name, from] of Object.entries(origin)) tell("secret", `${name}: ${WORDS[from]}`);

  buildSite();
  const addresses = await account.upload(config, send);
  const url = pickAddress(given.PATCH_URL, addresses);
  tell("worker", `${target.worker} is deployed${url === null ? "" : ` at ${url}`}`);
  // The audience of ID tokens. It is known only now, and kept as a secret so that later deployments leave it.
  if (url !== null && origin.PATCH_URL === undefined) {
    await account.putSecrets(target.worker, { PATCH_URL: url });
    origin.PATCH_URL = "made";
    tell("secret", `PATCH_URL: ${url}`);
  }

  const made = Object.fromEntries(Object.entries(send).filter(([name]) => origin[name] === "made"));
  const health = url === null ? null : await look(url, target.worker, send.PATCH_ADMIN_TOKEN);
  return {
    environment: target.name,
    worker: target.worker,
    url,
    database,
    queues,
    migrations,
    secrets: origin,
    made,
    health,
  };
}

const WORDS = { made: "made now", given: "as given", kept: "kept as it is" } as const;

async function ensureDatabase(target: Environment, account: Account, tell: Teller): Promise<Deployment["database"]> {
  const name = target.database;
  const found = await account.findDatabase(name, target.databaseId);
  if (found === undefined) await account.createDatabase(name);
  const id = found ?? (await account.findDatabase(name));
  if (id === undefined)
    throw new DeployFailure(
      "no_database",
      `Cloudflare made the database '${name}' but does not list it; run this again`,
    );
  tell("database", `${name} ${found === undefined ? "made" : "found"} (${id})`);
  return { name, id, created: found === undefined };
}

async function ensureQueue(name: string, account: Account, tell: Teller): Promise<{ name: string; created: boolean }> {
  const found = await account.hasQueue(name);
  if (!found) await account.createQueue(name);
  tell("queue", `${name} ${found ? "found" : "made"}`);
  return { name, created: !found };
}

/** The one that was asked for, else the first that is a whole address (wrangler also lists crons and queues). */
function pickAddress(asked: string | undefined, addresses: readonly string[]): string | null {
  const urls = [asked ?? "", ...addresses].filter((text) => /^https?:\/\//.test(text) && URL.canParse(text));
  const [first] = urls;
  return first === undefined ? null : new URL(first).origin;
}

/** Waits until the deployment answers, then asks it how it is. Null without a token: deep health is not for everyone. */
async function look(url: string, worker: string, token: string | undefined): Promise<Health | null> {
  const ask = async (path: string): Promise<unknown> => {
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}${path}`, { headers, signal: AbortSignal.timeout(20_000) });
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    return response.json();
  };
  let last = "";
  // A secret that was just sent may be a moment later than the Worker.
  const answer = await until(
    "the deployment to answer",
    () =>
      ask(token === undefined ? "/healthz" : "/healthz?deep=1").catch((error: unknown) => {
        last = error instanceof Error ? error.message : String(error);
        return undefined;
      }),
    { timeoutMs: ANSWER_MS, everyMs: 1000 },
  ).catch(() => {
    throw new DeployFailure(
      "no_answer",
      `the Worker is deployed, but ${url} does not answer (${last}); see \`npx wrangler tail ${worker}\`, then run this again`,
    );
  });
  if (token === undefined) return null;
  const health = Health.safeParse(answer);
  if (!health.success) throw new DeployFailure("no_answer", `${url}/healthz: ${z.prettifyError(health.error)}`);
  return health.data;
}
