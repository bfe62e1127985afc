/**
 * `node harness/chaos/main.ts [--seconds 120 --stacks 20 --releases 10 --seed N]`: kills workerd and the
 * runner at random while releases come in, then checks the record against the repositories.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { summary, violations } from "./invariants.ts";
import { rage } from "./storm.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    stacks: { type: "string", default: "20" },
    releases: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(`node harness/chaos/main.ts [--seconds 120] [--stacks 20] [--releases 10] [--seed N]

Kills workerd and the runner with SIGKILL at random for --seconds while each of --stacks receives
--releases, waits until everything has settled, and checks the record against the repositories.
Exits with 1 on any violation.
`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "patch-moi-chaos-"));
const start = performance.now();
const say = (line: string): void => {
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

say(`seed ${values.seed}, in ${folder}`);
const storm = await rage({
  folder,
  seed: Number.parseInt(values.seed, 10),
  stacks: Number.parseInt(values.stacks, 10),
  releases: Number.parseInt(values.releases, 10),
  seconds: Number.parseInt(values.seconds, 10),
  settleSeconds: 300,
  lastAfterwards: false,
  say,
});
const found = await violations(storm.fleet, storm.deployment.api);
say(await summary(storm.fleet, storm.deployment.api));
await storm.end();
for (const line of found) say(line);
say(`${storm.kills.edge} kills of the edge, ${storm.kills.runner} of the runner, ${found.length} violations`);
if (found.length === 0) rmSync(folder, { recursive: true, force: true });
process.exitCode = found.length === 0 ? 0 : 1;
