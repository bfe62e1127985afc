/**
 * What every page of the site stands in: the way to all others, and the parts of this one.
 *
 * @module
 */
import { type Document, KINDS, type Kind } from "./document.ts";
import { escapeHtml } from "./escape.ts";
import type { Page } from "./page.ts";

export type Frame = {
  version: string;
  /** Address of the style sheet. */
  style: string;
  /** The documents of the navigation, in its order. */
  documents: readonly Document[];
};

const NAMES: Readonly<Record<Kind, string>> = {
  tutorials: "Tutorials",
  guides: "Guides",
  reference: "Reference",
  concepts: "Concepts",
  decisions: "Decisions",
};

/** A whole page. `address` says which entry of the navigation is the current one. */
export function frame(site: Frame, address: string, title: string, page: Pick<Page, "body" | "headings">): string {
  const parts = page.headings.filter(({ depth }) => depth === 2);
  const contents =
    parts.length < 3
      ? ""
      : `<nav class="parts" aria-label="On this page"><ul>\n${parts
          .map(({ text, anchor }) => `<li><a href="#${anchor}">${escapeHtml(text)}</a></li>`)
          .join("\n")}\n</ul></nav>\n`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}${title === "patch.moi" ? "" : " · patch.moi"}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${site.style}">
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header><a class="mark" href="/docs/">patch.moi</a> <span>${escapeHtml(site.version)}</span> <a href="/console">Console</a></header>
<div class="columns">
<nav class="all" aria-label="Documentation"><details open><summary>All pages</summary>
${navigation(site.documents, address)}
</details></nav>
<main id="main">
${contents}${page.body}</main>
</div>
</body>
</html>
`;
}

/** The page of a folder: its documents, by title. */
export function folderPage(kind: Kind, documents: readonly Document[]): Pick<Page, "body" | "headings"> {
  const rows = documents
    .filter((document) => document.kind === kind)
    .map(({ address, title }) => `<li><a href="${address}">${escapeHtml(title)}</a></li>`);
  return { body: `<h1>${NAMES[kind]}</h1>\n<ul class="plain">\n${rows.join("\n")}\n</ul>\n`, headings: [] };
}

export function folderTitle(kind: Kind): string {
  return NAMES[kind];
}

function navigation(documents: readonly Document[], current: string): string {
  const entry = (address: string, title: string): string =>
    `<li><a href="${address}"${address === current ? ' aria-current="page"' : ""}>${escapeHtml(title)}</a></li>`;
  const listed = (own: readonly Document[]): string =>
    own.map(({ address, title }) => entry(address, title)).join("\n");
  const groups = KINDS.map((kind) => {
    // One page lists the decisions: they are many, and for those who ask why.
    const entries =
      kind === "decisions"
        ? entry(`/docs/${kind}/`, "All decisions")
        : listed(documents.filter((document) => document.kind === kind));
    return `<h2>${NAMES[kind]}</h2>\n<ul>\n${entries}\n</ul>`;
  });
  const project = listed(documents.filter(({ kind }) => kind === null));
  return `${groups.join("\n")}\n<h2>Project</h2>\n<ul>\n${project}\n</ul>`;
}
