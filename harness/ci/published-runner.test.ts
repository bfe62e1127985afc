/** The package as a stranger's machine gets it: installed from its file alone, without a network. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { StackReport } from "../../worker/contract/report.ts";
import { BRANCH, UpstreamLife } from "../upstream-life/life.ts";
import { type PackedRunner, packRunner } from "./published-runner.ts";

const execute = promisify(execFile);

let folder: string;
let packed: PackedRunner;
let installed: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "published-runner-"));
  packed = packRunner(folder);
  installed = join(folder, "empty");
  mkdirSync(installed);
  const install = ["install", "--offline", "--no-audit", "--no-fund", "--cache", join(folder, "cache"), packed.tarball];
  await execute("npm", install, { cwd: installed });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What the installed command prints; its folder has nothing but the package. */
async function run(...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder };
  const { stdout } = await execute(join(installed, "node_modules/.bin/patch.moi"), args, { cwd: installed, env });
  return stdout;
}

it("is one file with what npm shows beside it, and needs no other package", () => {
  expect(packed.files).toEqual(["LICENSE", "README.md", "package.json", "patch-moi.mjs"]);
  const text = readFileSync(join(installed, "node_modules/patch.moi/package.json"), "utf8");
  expect(JSON.parse(text)).toMatchObject({
    name: "patch.moi",
    version: manifest.version,
    engines: { node: ">=20" },
    bin: { "patch.moi": "patch-moi.mjs" },
    publishConfig: { access: "public", provenance: true },
  });
  expect(text).not.toMatch(/dependencies|"private"|scripts/);
});

it("tells its version, forecasts, and brings its workflow files", async () => {
  expect((await run("--version")).trim()).toBe(manifest.version);
  const life = await UpstreamLife.begin(folder);
  await life.releaseUnrelated("v1.1.0");
  // A repository that holds both, as a clone of a fork with its upstream does.
  await execute("git", ["fetch", "--quiet", life.upstream, "refs/tags/*:refs/tags/*"], { cwd: life.fork });
  const forecast = await run("forecast", "--repo", life.fork, "--branch", BRANCH, "--onto", "v1.1.0", "--json");
  expect(StackReport.parse(JSON.parse(forecast)).counts).toMatchObject({ carried: 3, conflicted: 0 });
  const program = readFileSync(join(installed, "node_modules/patch.moi/patch-moi.mjs"), "utf8");
  for (const piece of ["actions/upload-artifact@", "forgejo/upload-artifact@", "PATCH_MOI_ID_TOKEN:"])
    expect(program).toContain(piece);
  const help = z.string().parse(await run("setup", "forge", "--help"));
  expect(help).toContain("--identity");
});
