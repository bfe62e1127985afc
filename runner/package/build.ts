/**
 * `npm run build:runner`: the command line and runner as one file without dependencies, laid out as
 * the npm package that CI jobs run.
 *
 * @module
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import manifest from "../../package.json" with { type: "json" };

const PROJECT = join(import.meta.dirname, "../..");
const TARGET = join(PROJECT, "dist/npm");

/** The workflow files are read from beside their module, which the one file has nothing beside. */
const workflowFiles: Plugin = {
  name: "workflow-files",
  setup(bundle) {
    bundle.onLoad({ filter: /runner[\\/]setup[\\/]workflow-files\.ts$/ }, async ({ path }) => {
      const loaded = (await import(path)) as { WORKFLOW_FILES: unknown };
      return { contents: `export const WORKFLOW_FILES = ${JSON.stringify(loaded.WORKFLOW_FILES)};`, loader: "js" };
    });
  },
};

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
await build({
  absWorkingDir: PROJECT,
  entryPoints: ["runner/main.ts"],
  outfile: join(TARGET, "patch-moi.mjs"),
  bundle: true,
  plugins: [workflowFiles],
  platform: "node",
  format: "esm",
  target: "node20",
  // Where a library has both, its modules: the other kind may hide what it requires.
  mainFields: ["module", "main"],
  legalComments: "inline",
  logLevel: "warning",
  banner: {
    // Some libraries are CommonJS and ask for node's own modules.
    js: 'import { createRequire as patchMoiRequire } from "node:module"; const require = patchMoiRequire(import.meta.url);',
  },
});
chmodSync(join(TARGET, "patch-moi.mjs"), 0o755);
const { name, version, description, license, engines } = manifest;
const published = {
  name,
  version,
  description,
  license,
  type: "module",
  engines,
  bin: { [name]: "patch-moi.mjs" },
  files: ["patch-moi.mjs"],
  // Published from CI with `npm publish --provenance`: the registry then tells which commit it is built from.
  publishConfig: { access: "public", provenance: true },
};
writeFileSync(join(TARGET, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
copyFileSync(join(PROJECT, "runner/package/README.md"), join(TARGET, "README.md"));
copyFileSync(join(PROJECT, "LICENSE"), join(TARGET, "LICENSE"));
