/**
 * The documentation as a static site: `public/docs/`, served by the Worker's assets under `/docs`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { z } from "zod";
import { ICON } from "../../worker/console/icon.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type Document, everyToken, KINDS, readDocuments } from "./document.ts";
import { readLink } from "./link.ts";
import { type Places, renderPage } from "./page.ts";
import { type Frame, folderPage, folderTitle, frame } from "./shell.ts";
import { STYLE } from "./style.ts";

/** What wrangler uploads; only the folder itself is in the repository. */
export const SITE = join(PROJECT, "public", "docs");

export type Site = {
  /** Text by path below `public`. */
  files: Map<string, string>;
  /** One sentence for each thing that a reader would stumble over. */
  problems: string[];
};

/** Makes every page, and writes nothing. */
export function makeSite(root = PROJECT): Site {
  const documents = inReadingOrder(readDocuments(root));
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const style = `docs/style-${createHash("sha256").update(STYLE).digest("hex").slice(0, 8)}.css`;
  const site: Frame = { version, style: `/${style}`, documents };
  const byFile = new Map(documents.map((document) => [document.file, document]));
  const places: Places = {
    documents: byFile,
    exists: (path) => existsSync(join(root, path)) && path.endsWith("/") === statSync(join(root, path)).isDirectory(),
    address: (path) => {
      const folder = KINDS.find((kind) => path === `docs/${kind}/`);
      if (folder !== undefined) return `/docs/${folder}/`;
      return path.startsWith("docs/") && extname(path) !== "" ? `/${path}` : undefined;
    },
  };

  const files = new Map([
    [style, STYLE],
    ["docs/icon.svg", ICON],
  ]);
  const problems = unlinked(documents);
  for (const document of documents) {
    const page = renderPage(document, places);
    problems.push(...page.problems);
    const path = document.address === "/docs/" ? "docs/index.html" : `${document.address.slice(1)}.html`;
    files.set(path, frame(site, document.address, document.title, page));
  }
  for (const kind of KINDS)
    files.set(`docs/${kind}/index.html`, frame(site, `/docs/${kind}/`, folderTitle(kind), folderPage(kind, documents)));
  return { files, problems };
}

/** Writes the site in place of the one before. Returns what is wrong with it; the site is there all the same. */
export function buildSite(): string[] {
  const { files, problems } = makeSite();
  rmSync(SITE, { recursive: true, force: true });
  for (const [path, text] of files) {
    const file = join(PROJECT, "public", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (const kind of KINDS)
    for (const name of readdirSync(join(PROJECT, "docs", kind)))
      if (!name.endsWith(".md")) cpSync(join(PROJECT, "docs", kind, name), join(SITE, kind, name));
  return problems;
}

/** The README's order, and after it what the README does not name: decisions, by number. */
function inReadingOrder(documents: readonly Document[]): Document[] {
  const order = namedByReadme(documents);
  const place = ({ file }: Document): number => (order.includes(file) ? order.indexOf(file) : order.length);
  return documents.toSorted((a, b) => place(a) - place(b) || a.file.localeCompare(b.file));
}

/** A page that the README does not lead to is found by nobody. */
function unlinked(documents: readonly Document[]): string[] {
  const named = namedByReadme(documents);
  return documents
    .filter(({ file, kind }) => kind !== null && kind !== "decisions" && !named.includes(file))
    .map(({ file }) => `README.md: no link leads to ${file}`);
}

function namedByReadme(documents: readonly Document[]): string[] {
  const readme = documents.find(({ file }) => file === "README.md");
  const paths: string[] = ["README.md"];
  for (const token of everyToken(readme?.tokens ?? [])) {
    if (token.type !== "link") continue;
    const target = readLink("README.md", token.href);
    if (target.kind === "here") paths.push(target.path);
  }
  return paths;
}
