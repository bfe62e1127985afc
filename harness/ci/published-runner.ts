/**
 * The runner's npm package as it would be published, unpacked where npx finds it.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PROJECT } from "../local-edge/wrangler.ts";

const Packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);

export type PackedRunner = { tarball: string; files: string[] };

/** Builds and packs it into a folder. */
export function packRunner(under: string): PackedRunner {
  execFileSync(process.execPath, [join(PROJECT, "runner/package/build.ts")], { cwd: PROJECT, env: process.env });
  const out = execFileSync("npm", ["pack", "--json", "--pack-destination", under], {
    cwd: join(PROJECT, "dist/npm"),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ filename, files }] = Packed.parse(JSON.parse(out));
  return { tarball: join(under, filename), files: files.map(({ path }) => path).toSorted() };
}

/** A `node_modules` that holds the packed runner and nothing else. */
export function unpackRunner({ tarball }: PackedRunner, under: string): string {
  const modules = join(under, "node_modules");
  const target = join(modules, "patch.moi");
  mkdirSync(target, { recursive: true });
  mkdirSync(join(modules, ".bin"), { recursive: true });
  execFileSync("tar", ["xzf", tarball, "--strip-components=1", "-C", target]);
  symlinkSync("../patch.moi/patch-moi.mjs", join(modules, ".bin", "patch.moi"));
  return modules;
}
