/**
 * The documents of the project: Markdown files of the root folder and of `docs/`, and where each stands on the site.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type MarkedToken, marked, type Token, type TokensList } from "marked";

/** Folders of `docs/` in the order in which a newcomer needs them. */
export const KINDS = ["tutorials", "guides", "reference", "concepts", "decisions"] as const;
export type Kind = (typeof KINDS)[number];

export type Document = {
  /** Path from the project's folder, with `/`. */
  file: string;
  /** Path on the site, `/docs/guides/deploy`. */
  address: string;
  /** Folder below `docs/`; null for files of the root folder. */
  kind: Kind | null;
  title: string;
  tokens: TokensList;
};

/** The documents, by file. The first of the root folder's is the README. */
export function readDocuments(root: string): Document[] {
  const top = readdirSync(root).filter((name) => name.endsWith(".md"));
  const below = KINDS.flatMap((kind) =>
    readdirSync(join(root, "docs", kind))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${kind}/${name}`),
  );
  const files = [...top.toSorted((a, b) => Number(b === "README.md") - Number(a === "README.md")), ...below];
  return files.map((file) => {
    const tokens = marked.lexer(readFileSync(join(root, file), "utf8"));
    return { file, address: addressOf(file), kind: kindOf(file), title: titleOf(tokens) ?? file, tokens };
  });
}

/** All tokens of a document, those inside others too, in reading order. */
export function* everyToken(tokens: readonly Token[]): Generator<MarkedToken> {
  for (const one of tokens) {
    const token = known(one);
    yield token;
    if (token.type === "table")
      for (const cell of [...token.header, ...token.rows.flat()]) yield* everyToken(cell.tokens);
    else if (token.type === "list") yield* everyToken(token.items);
    else if ("tokens" in token && token.tokens !== undefined) yield* everyToken(token.tokens);
  }
}

/** What tokens say, as a reader sees it. */
export function textOf(tokens: readonly Token[]): string {
  return tokens
    .map(known)
    .map((token) => {
      if ("tokens" in token && token.tokens !== undefined) return textOf(token.tokens);
      return "text" in token ? token.text : "";
    })
    .join("");
}

/** Ours are marked's own: nothing extends its lexer, and its type for extensions is one of `any`. */
function known(token: Token): MarkedToken {
  return token as MarkedToken;
}

function addressOf(file: string): string {
  if (file === "README.md") return "/docs/";
  const path = file.replace(/\.md$/, "");
  return path.startsWith("docs/") ? `/${path}` : `/docs/${path.toLowerCase()}`;
}

function kindOf(file: string): Kind | null {
  return KINDS.find((kind) => file.startsWith(`docs/${kind}/`)) ?? null;
}

function titleOf(tokens: TokensList): string | undefined {
  for (const token of everyToken(tokens))
    if (token.type === "heading" && token.depth === 1) return textOf(token.tokens);
  return undefined;
}
