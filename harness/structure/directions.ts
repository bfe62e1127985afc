/**
 * Which folder may import which: the table of AGENTS.md as data, and a pure check against it.
 *
 * @module
 */
import { posix } from "node:path";

/** Rows of the table, from the ground up. A folder may import its own row and what its row names. */
const ROWS: readonly { folders: readonly string[]; mayImport: readonly string[] }[] = [
  // The contract lists the providers, and they read what is declared by it.
  { folders: ["worker/contract", "worker/providers"], mayImport: [] },
  { folders: ["worker/platform"], mayImport: ["worker/contract"] },
  { folders: ["worker/releases"], mayImport: ["worker/contract"] },
  { folders: ["worker/store"], mayImport: ["worker/contract", "worker/platform"] },
  {
    folders: ["worker/dispatch", "worker/notify", "worker/auth", "worker/forges", "worker/review"],
    mayImport: ["worker/contract", "worker/platform", "worker/releases", "worker/store"],
  },
  {
    folders: ["worker/effects"],
    mayImport: [
      "worker/contract",
      "worker/platform",
      "worker/releases",
      "worker/store",
      "worker/dispatch",
      "worker/notify",
      "worker/auth",
      "worker/forges",
      "worker/review",
    ],
  },
  {
    folders: ["durable-objects"],
    mayImport: [
      "worker/effects",
      "worker/contract",
      "worker/platform",
      "worker/releases",
      "worker/store",
      "worker/dispatch",
      "worker/notify",
      "worker/auth",
      "worker/forges",
      "worker/review",
    ],
  },
  {
    folders: ["worker/intake", "worker/api", "worker/webhooks", "worker/openapi", "worker/console"],
    mayImport: [
      "worker/providers",
      "worker/effects",
      "worker/contract",
      "worker/platform",
      "worker/releases",
      "worker/store",
      "worker/dispatch",
      "worker/notify",
      "worker/auth",
      "worker/forges",
      "worker/review",
      "durable-objects",
    ],
  },
  // The entry and the app put everything of the edge together.
  { folders: ["worker"], mayImport: ["worker/*", "durable-objects"] },
  // A person's own set-up talks to the same forges as the edge does.
  { folders: ["runner"], mayImport: ["worker/contract", "worker/providers", "worker/forges"] },
  { folders: ["harness"], mayImport: ["*"] },
];

/** What tests of the edge may use beside their own folder. */
const STAGE = ["worker/", "harness/edge/", "harness/oidc-issuer/"];

export type Offence = { file: string; specifier: string; why: string };

/** What is wrong with the imports of one file; `file` is its path from the project's root, with slashes. */
export function offences(file: string, source: string): Offence[] {
  const folder = folderOf(file);
  const row = ROWS.find((candidate) => candidate.folders.includes(folder));
  if (row === undefined) return [{ file, specifier: "", why: `'${folder}' is in no row of AGENTS.md` }];
  return specifiers(source).flatMap((specifier) => {
    const why = complaint(file, folder, row, specifier);
    return why === undefined ? [] : [{ file, specifier, why }];
  });
}

/** Every module specifier of a TypeScript source: imports, type imports, re-exports, `import()`. */
export function specifiers(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const found: string[] = [];
  for (const match of code.matchAll(/^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom\b)?\s*["']([^"']+)["']/gm))
    if (match[1] !== undefined) found.push(match[1]);
  for (const match of code.matchAll(/\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g))
    if (match[1] !== undefined) found.push(match[1]);
  return found;
}

function complaint(file: string, folder: string, row: (typeof ROWS)[number], specifier: string): string | undefined {
  const edge = folder.startsWith("worker") || folder === "durable-objects";
  const test = file.endsWith(".test.ts");
  if (!specifier.startsWith(".")) {
    if (edge && !test && specifier.startsWith("node:")) return "the edge imports no node: module";
    if (folder === "runner" && specifier.startsWith("cloudflare:")) return "the runner is plain Node";
    return undefined;
  }
  if (!/\.(?!js$)[a-z]+(?:\?raw)?$/.test(specifier)) return "an import names the file, with its ending";
  const target = posix.join(posix.dirname(file), specifier);
  // The version, which every part may tell, and the migrations that a version brings.
  if (target === "package.json" || target === "migrations/meta/_journal.json") return undefined;
  const other = folderOf(target);
  if (other === folder || row.folders.includes(other) || row.mayImport.includes("*")) return undefined;
  if (row.mayImport.includes(other)) return undefined;
  if (row.mayImport.includes("worker/*") && other.startsWith("worker/")) return undefined;
  // Nothing imports a test, so that a test of the edge may set its stage with any part of the edge.
  if (test && edge && STAGE.some((prefix) => target.startsWith(prefix))) return undefined;
  return `'${folder}' may not import '${other}'`;
}

/** `worker/store`, `durable-objects`, `runner`, …: the folder that a row of the table names. */
function folderOf(file: string): string {
  const [top = "", second = "", ...rest] = file.split("/");
  return top === "worker" && rest.length > 0 ? `${top}/${second}` : top;
}
