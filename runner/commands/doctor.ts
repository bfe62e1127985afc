/**
 * `patch.moi doctor`: looks at everything between this machine and a working deployment, and says how
 * to mend what it finds.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { type Finding, Health } from "../../worker/contract/health.ts";
import { Runner } from "../../worker/contract/identity.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure } from "../client/command-failure.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { Session } from "../client/session.ts";
import { count, wrap } from "../client/table.ts";
import { VERSION } from "../client/version.ts";
import { installedGit, isNewEnough, OLDEST_GIT } from "../git/version.ts";
import { examples } from "./list.ts";

/** Signatures are refused when clocks are five minutes apart; long before that is worth a word, milliseconds. */
const SKEW_WARNING = 30_000;
const SKEW_ERROR = 240_000;

/** A runner that was silent this long is not counted on, milliseconds. */
const RUNNER_SILENT = 86_400_000;

type Examination = { healthy: string[]; findings: Finding[] };

export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .description("find out what is wrong with this machine and the server, and how to mend it")
    .addHelpText("after", examples(["doctor", "doctor --json"]))
    .action(async (_options: unknown, self: Command) => {
      const session = Session.of(self);
      const found = await session.watch("examining", examine(session));
      const errors = found.findings.filter(({ level }) => level === "error").length;
      session.answer({ ok: errors === 0, ...found }, () => describe(found));
      if (errors > 0) throw new CommandFailure("unhealthy", `${count(errors, "thing")} to mend; see above`);
    });
}

async function examine(session: Session): Promise<Examination> {
  const found: Examination = { healthy: [], findings: [] };
  note(found, "git", await git());
  const reached = await health(session);
  if (!reached.ok) {
    note(found, "server", reached.finding);
    return found;
  }
  found.healthy.push("server");
  const { value, roundTrip, sentAt } = reached;
  note(found, "clock", clock(value, sentAt, roundTrip));
  note(found, "version", version(value));
  found.healthy.push(...(value.healthy ?? []));
  found.findings.push(...(value.degraded ?? []));
  note(found, "runner versions", await runners(session.api()));
  return found;
}

function note(found: Examination, what: string, finding: Omit<Finding, "what"> | undefined): void {
  if (finding === undefined) found.healthy.push(what);
  else found.findings.push({ what, ...finding });
}

async function git(): Promise<Omit<Finding, "what"> | undefined> {
  const oldest = `${OLDEST_GIT.major}.${OLDEST_GIT.minor}`;
  const installed = await installedGit().catch(() => undefined);
  if (installed !== undefined && isNewEnough(installed)) return undefined;
  return {
    level: "error",
    why: installed === undefined ? "git is not installed" : `git ${installed.text} is too old`,
    next: `install git ${oldest} or later; the runner, forecast and rebase work with it`,
  };
}

type Reached =
  | { ok: true; value: Health; sentAt: number; roundTrip: number }
  | { ok: false; finding: Omit<Finding, "what"> };

async function health(session: Session): Promise<Reached> {
  const sentAt = Date.now();
  try {
    const { value } = await session.api().request({ path: ["healthz"], query: { deep: 1 }, answer: Health });
    return { ok: true, value, sentAt, roundTrip: Date.now() - sentAt };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return { ok: false, finding: { level: "error", why: error.message, next: NEXT[error.code] ?? OTHERWISE } };
  }
}

const OTHERWISE = "see that --server or PATCH_MOI_URL is the address of a patch.moi deployment that is running";

const NEXT: Readonly<Record<string, string | undefined>> = {
  no_server: "export PATCH_MOI_URL=https://… (the address that the deployment printed)",
  no_token: "export PATCH_MOI_TOKEN=… (the admin token, or one from `patch.moi tokens create`)",
  unauthorized: "export PATCH_MOI_TOKEN=… with a token that the server knows; it may have expired or been deleted",
  not_configured: "set the first admin token: npx wrangler secret put PATCH_ADMIN_TOKEN",
};

function clock({ at }: Health, sentAt: number, roundTrip: number): Omit<Finding, "what"> | undefined {
  if (at === undefined) return undefined;
  const skew = Date.parse(at) - (sentAt + roundTrip / 2);
  const apart = Math.abs(skew) - roundTrip / 2;
  if (apart < SKEW_WARNING) return undefined;
  return {
    level: apart < SKEW_ERROR ? "warning" : "error",
    why: `this machine's clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? "behind" : "ahead of"} the server's`,
    next: "set the clock (timedatectl set-ntp true); signatures are refused when it is 300 s off",
  };
}

function version({ version: server }: Health): Omit<Finding, "what"> | undefined {
  if (server === undefined || server === VERSION) return undefined;
  return {
    level: "warning",
    why: `the server is version ${server}, this command line ${VERSION}`,
    next: "bring the older one to the newer one's version",
  };
}

async function runners(api: EdgeApi): Promise<Omit<Finding, "what"> | undefined> {
  const answer = z.object({ runners: z.array(Runner) });
  const { value } = await api.request({ path: ["runners"], query: { limit: 500 }, answer });
  const recent = value.runners.filter(
    ({ lastSeenAt }) => lastSeenAt !== undefined && Date.now() - Date.parse(lastSeenAt) < RUNNER_SILENT,
  );
  const others = recent.filter((runner) => runner.version !== undefined && runner.version !== VERSION);
  if (others.length === 0) return undefined;
  const names = others.map((runner) => `${runner.name} ${runner.version}`).join(", ");
  return {
    level: "warning",
    why: `runners of another version than ${VERSION}: ${names}`,
    next: "update and restart them",
  };
}

const WIDTH = 78;

function describe({ healthy, findings }: Examination): string {
  const lines = [`${colors.green("in order")}  ${wrap(healthy.join(", "), WIDTH - 10).join("\n          ")}`];
  for (const { what, level, why, next } of findings) {
    const word = level === "error" ? colors.red("error") : colors.yellow("warning");
    lines.push("", `${word}  ${colors.bold(what)}`);
    lines.push(...wrap(why, WIDTH - 2).map((line) => `  ${line}`));
    lines.push(...wrap(`mend: ${next}`, WIDTH - 2).map((line) => `  ${line}`));
  }
  return lines.join("\n");
}
