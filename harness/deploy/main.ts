/**
 * `npm run deploy [-- --env E --dry-run --json]`: to Cloudflare.
 *
 * Exits with 0 when the deployment answers and is well, 1 when something failed, 2 when it was asked wrongly.
 *
 * @module
 */
import { Command, CommanderError } from "commander";
import { describeError } from "../../runner/client/command-failure.ts";
import { buildSite } from "../docs/site.ts";
import { openAccount } from "./account.ts";
import { type Deployment, deploy } from "./deploy.ts";
import { DeployFailure } from "./deploy-failure.ts";
import { PRODUCTION, readEnvironment, writeConfig } from "./environment.ts";
import { describeMade, mayShow } from "./made-secrets.ts";

type Options = { env: string; dryRun?: true; json?: true; showSecrets?: true };

const program = new Command("npm run deploy --")
  .description("takes this project to Cloudflare: finds or makes what it needs, applies migrations, deploys, looks")
  .option("--env <name>", "environment; any but production has a Worker, database and queue of its own", PRODUCTION)
  .option("--dry-run", "build everything and check the configuration; needs no account and changes nothing")
  .option("--json", "print one JSON document")
  .option("--show-secrets", "print secrets that were made also where output is no terminal, or in CI")
  .addHelpText(
    "after",
    `
Examples:
  npm run deploy                       the Worker as wrangler.toml names it
  npm run deploy -- --env staging      a second one beside it
  npm run deploy -- --dry-run          what CI can check

Signing in is wrangler's: \`npx wrangler login\`, or CLOUDFLARE_API_TOKEN (and CLOUDFLARE_ACCOUNT_ID).
A variable named like a secret gives it (PATCH_ADMIN_TOKEN, DISCORD_WEBHOOK_URL, …); what is missing is
made, and shown once where a person reads along. PATCH_URL gives an address of your own.`,
  )
  .exitOverride();

try {
  program.parse();
  const { env, dryRun, json, showSecrets = false } = program.opts<Options>();
  const shown = mayShow({ isTerminal: process.stdout.isTTY, environment: process.env, asked: showSecrets });
  const startedAt = Date.now();
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const tell = (what: string, said: string): void =>
    say(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${what.padEnd(10)}  ${said}`);
  const target = readEnvironment(env);
  const account = openAccount(process.env);
  if (dryRun) {
    buildSite();
    const config = writeConfig(target);
    await account.build(config);
    tell("dry run", `${target.worker} builds; nothing was uploaded`);
    if (json) print({ environment: env, worker: target.worker, dryRun: true, config: target.config() });
  } else {
    say(`deploying ${target.worker} …`);
    const done = await deploy(target, account, process.env, tell);
    if (json) print(shown ? done : { ...done, made: {}, withheld: Object.keys(done.made) });
    else say(`\n${summary(done, shown)}`);
    process.exitCode = wrong(done).length === 0 ? 0 : 1;
  }
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof DeployFailure) {
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(`unexpected: ${describeError(error)}\n`);
    process.exitCode = 1;
  }
}

function print(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** What its health says is an error; a cron that has not come yet is none on the first day. */
function wrong({ health, database }: Deployment): { what: string; why: string; next: string }[] {
  const errors = health?.degraded?.filter(({ level }) => level === "error") ?? [];
  return errors.filter(({ what }) => !(what === "cron" && database.created));
}

function summary(done: Deployment, shown: boolean): string {
  const { PATCH_URL: _, ...made } = done.made;
  const lines = describeMade(made, done.worker, shown);
  for (const { what, why, next } of wrong(done)) lines.push(`not well: ${what}: ${why}`, `  ${next}`);
  if (done.url === null) {
    lines.push(
      "It has no address: give it a route or workers_dev in wrangler.toml, and PATCH_URL, and run this again.",
    );
    return lines.join("\n");
  }
  if (done.health === null) lines.push("It answers. With PATCH_ADMIN_TOKEN set, this also asks how it is.");
  lines.push(
    `Console    ${done.url}/console`,
    `Docs       ${done.url}/docs/`,
    `Next       PATCH_MOI_URL=${done.url} PATCH_MOI_TOKEN=… npm run patch.moi -- doctor`,
    "           then declare a stack: docs/tutorials/first-stack.md",
  );
  return lines.join("\n");
}
