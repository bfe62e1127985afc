/**
 * `npm run check:licences`: whether everything that is installed may be used, and what ships may be given on.
 *
 * Reads what the packages say of themselves in `node_modules`; no network. `npm run audit` asks the registry for
 * known faults, and says so where it cannot be reached.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** For what ships, and for what only helps to make it. All are permissive. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Python-2.0",
  "PSF-2.0",
  "Unlicense",
]);

/** For tools that nothing of ours is linked with or given on with: files under them stay under them. */
const TOOLS_ONLY: ReadonlySet<string> = new Set(["MPL-2.0", "LGPL-3.0-or-later", "CC-BY-4.0"]);

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), dev: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});
/** Older packages write an object or a list of them. */
const Manifest = z.object({
  license: z.union([z.string(), z.object({ type: z.string() }).transform(({ type }) => type)]).optional(),
  licenses: z.array(z.object({ type: z.string() })).optional(),
});

export type Licensed = { name: string; version: string; license: string; ships: boolean };

/** What is wrong with a package's licence; undefined when nothing is. `license` is an SPDX expression. */
export function licenceProblem({ name, version, license, ships }: Licensed): string | undefined {
  const allowed = (id: string) => PERMISSIVE.has(id) || (!ships && TOOLS_ONLY.has(id));
  const fits = license
    .replaceAll(/[()]/g, " ")
    .split(/\sOR\s/)
    .some((choice) => choice.split(/\sAND\s/).every((id) => allowed(id.trim())));
  if (fits) return undefined;
  return `${name}@${version} is under '${license}'${ships ? ", and ships" : ""}; harness/supply/licences.ts lists what may be used`;
}

/** Everything in the lock file that is installed on this machine. Throws where a file is no package's. */
export function installed(project: string): Licensed[] {
  const { packages } = Lock.parse(JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")));
  return Object.entries(packages).flatMap(([path, { version, dev, devOptional }]) => {
    const file = join(project, path, "package.json");
    // Builds for other systems are not here, and neither is the project itself among its packages.
    if (path === "" || !existsSync(file)) return [];
    const { license, licenses } = Manifest.parse(JSON.parse(readFileSync(file, "utf8")));
    return {
      name: path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
      version: version ?? "?",
      license: license ?? licenses?.map(({ type }) => type).join(" OR ") ?? "none",
      ships: dev !== true && devOptional !== true,
    };
  });
}

if (import.meta.main) {
  const packages = installed(join(import.meta.dirname, "../.."));
  const problems = packages.flatMap((one) => licenceProblem(one) ?? []);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(`${packages.length} packages, ${problems.length} whose licence is not allowed\n`);
  if (problems.length > 0 || packages.length === 0) process.exitCode = 1;
}
