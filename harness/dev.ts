/**
 * `npm run dev`: a local deployment that keeps its records in `.patch-moi/` and runs its cron.
 *
 * `PORT` and `PATCH_ADMIN_TOKEN` override; `PATCH_SIGNING_KEY`, `PATCH_CREDENTIALS_KEYS` and
 * what says where notifications go and where a workspace backend is are passed on.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { OPTIONAL_SETTINGS } from "../worker/platform/settings.ts";
import { buildSite } from "./docs/site.ts";
import { everyMinute } from "./local-edge/cron.ts";
import { startLocalEdge } from "./local-edge/local-edge.ts";
import { PROJECT } from "./local-edge/wrangler.ts";
import { refuseEnded } from "./process/child.ts";
import { until } from "./process/until.ts";

const Secrets = z.strictObject({
  adminToken: z.string().min(1),
  signingKey: z.string().min(32),
  // An older folder holds none, and is given one.
  credentialsKeys: z.string().default(freshCredentialsKeys),
});

const Environment = z.object({
  PORT: z.coerce.number().int().min(1).max(65_535).default(8787),
  PATCH_ADMIN_TOKEN: z.string().min(1).optional(),
  PATCH_SIGNING_KEY: z.string().min(32).optional(),
  PATCH_CREDENTIALS_KEYS: z.string().optional(),
  /** Another folder than `.patch-moi/`. */
  PATCH_MOI_STATE: z.string().min(1).default(join(PROJECT, ".patch-moi")),
});

const parsed = Environment.safeParse(process.env);
if (!parsed.success) {
  process.stderr.write(`the environment cannot be used:\n${z.prettifyError(parsed.error)}\n`);
  process.exit(2);
}
const env = parsed.data;
const folder = env.PATCH_MOI_STATE;
const file = join(folder, "dev.json");
const { secrets, made } = firstOrStoredSecrets(file);

say("starting …");
// A dead link is told by `npm run build:docs` and by the tests; it is no reason not to work.
buildSite();
const edge = await startLocalEdge({
  state: join(folder, "state"),
  port: env.PORT,
  adminToken: env.PATCH_ADMIN_TOKEN ?? secrets.adminToken,
  signingKey: env.PATCH_SIGNING_KEY ?? secrets.signingKey,
  credentialsKeys: env.PATCH_CREDENTIALS_KEYS ?? secrets.credentialsKeys,
  variables: Object.fromEntries(OPTIONAL_SETTINGS.map((name) => [name, process.env[name]])),
  log: join(folder, "dev.log"),
}).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

const source =
  env.PATCH_ADMIN_TOKEN !== undefined ? "from PATCH_ADMIN_TOKEN" : made ? `made now, kept in ${file}` : `from ${file}`;
say(`ready at ${edge.url}`);
say(`admin token ${edge.adminToken} (${source})`);
say(`console ${edge.url}/console, documentation ${edge.url}/docs/`);
say(`records in ${join(folder, "state")}, log in ${edge.log}; the cron runs every minute`);
say(`try: PATCH_MOI_URL=${edge.url} PATCH_MOI_TOKEN=${edge.adminToken} npm run patch.moi -- status`);

let ending = false;
const cron = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void end());
void everyMinute(edge.url, cron.signal);

await until("the edge to end", () => edge.process().exit(), { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 200 });
if (!ending) {
  try {
    refuseEnded(edge.process());
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.exit(1);
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  cron.abort();
  await edge.stop();
  process.exit(0);
}

function firstOrStoredSecrets(path: string): { secrets: z.infer<typeof Secrets>; made: boolean } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    const fresh = {
      adminToken: randomBytes(24).toString("base64url"),
      signingKey: randomBytes(32).toString("base64url"),
      credentialsKeys: freshCredentialsKeys(),
    };
    writeFileSync(path, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    return { secrets: fresh, made: true };
  }
  const stored = Secrets.parse(JSON.parse(text));
  writeFileSync(path, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
  return { secrets: stored, made: false };
}

function freshCredentialsKeys(): string {
  return `dev:${randomBytes(32).toString("base64")}`;
}

function say(line: string): void {
  process.stdout.write(`patch.moi  ${line}\n`);
}
