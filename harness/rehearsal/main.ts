/**
 * `npm run rehearse [-- --json --keep --forge NAME]`: the main job on this machine, with separate real processes.
 *
 * Exits with 0 when everything was seen as expected, with 1 on any difference.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROJECT } from "../local-edge/wrangler.ts";
import { startChild } from "../process/child.ts";
import { Narrator } from "./narrator.ts";
import { play, type Rehearsal } from "./play.ts";
import { type Stage, setStage } from "./stage.ts";
import { STARRING, SURFACES, type SurfaceName } from "./surface.ts";
import { renderTable } from "./table.ts";

const { json, keep, forge } = readArguments();
const folder = mkdtempSync(join(tmpdir(), "patch-moi-rehearsal-"));
// With --json standard output holds the document and nothing else.
const narrator = new Narrator((line) => (json ? process.stderr : process.stdout).write(`${line}\n`));

let stage: Stage | undefined;
let leaving = false;
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => void leave(code));

try {
  narrator.title(`patch.moi rehearsal on this machine: ${STARRING[forge]}`);
  stage = await setStage(folder, narrator, forge);
  const rehearsal = await play(stage);
  if (leaving) await never();
  print(rehearsal);
  if (keep) await keepRunning(stage);
  else await stage.stop();
  if (rehearsal.ok && !keep) rmSync(folder, { recursive: true, force: true });
  else narrator.say("kept", `logs and repositories are in ${folder}`);
  process.exitCode = rehearsal.ok ? 0 : 1;
} catch (error) {
  if (leaving) await never();
  if (json) process.stdout.write(`${JSON.stringify({ steps: [], ok: false }, null, 2)}\n`);
  process.stderr.write(`the rehearsal could not be held: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(`logs and repositories are in ${folder}\n`);
  await stage?.stop();
  process.exitCode = 1;
}

function print(rehearsal: Rehearsal): void {
  if (json) process.stdout.write(`${JSON.stringify(rehearsal, null, 2)}\n`);
  else process.stdout.write(`\n${renderTable(rehearsal)}\n`);
  const wrong = rehearsal.steps.filter((step) => !step.ok).length;
  const seconds = rehearsal.steps.reduce((sum, step) => sum + step.seconds, 0).toFixed(1);
  narrator.title(
    wrong === 0
      ? `all ${rehearsal.steps.length} steps as expected, in ${seconds} s`
      : `${wrong} of ${rehearsal.steps.length} steps not as expected`,
  );
}

/** Ctrl-C: everything is ended before its folder goes. What is only being started ends with us. */
async function leave(code: number): Promise<void> {
  leaving = true;
  await stage?.stop();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

/** Whatever fails while everything is being ended is no finding: {@link leave} has the last word. */
function never(): Promise<never> {
  return new Promise(() => {});
}

/** Unties every process from us, with the cron still running, and says how to reach and how to end them. */
async function keepRunning(kept: Stage): Promise<void> {
  const cron = startChild({
    name: "the cron",
    command: process.execPath,
    args: [join(PROJECT, "harness", "local-edge", "cron.ts"), kept.edge.url],
    log: join(kept.folder, "cron.log"),
  });
  const children = [...kept.children(), cron];
  for (const child of children) await child.keep();
  narrator.title("everything is left running:");
  narrator.say("API", kept.edge.url);
  narrator.say("token", kept.edge.adminToken);
  narrator.say(
    "try",
    `PATCH_MOI_URL=${kept.edge.url} PATCH_MOI_TOKEN=${kept.edge.adminToken} npm run patch.moi -- status`,
  );
  narrator.say("end it", `kill ${children.map((child) => child.pid).join(" ")}`);
}

function readArguments(): { json: boolean; keep: boolean; forge: SurfaceName } {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        forge: { type: "string", default: "pull" },
      },
    });
    const forge = SURFACES.find((name) => name === values.forge);
    if (forge === undefined) throw new Error(`there is no --forge '${values.forge}'`);
    return { ...values, forge };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(`usage: npm run rehearse [-- --json --keep --forge ${SURFACES.join("|")}]\n`);
    process.exit(2);
  }
}
