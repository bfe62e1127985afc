/**
 * One document as HTML, and what is wrong with it: links and anchors that lead nowhere, and what GitHub would show
 * otherwise than the site.
 *
 * @module
 */
import GithubSlugger from "github-slugger";
import { Marked, type Token } from "marked";
import { type Document, everyToken, textOf } from "./document.ts";
import { escapeHtml } from "./escape.ts";
import { readFlowchart } from "./flowchart.ts";
import { readLink } from "./link.ts";

/** What a document may link to. */
export type Places = {
  documents: ReadonlyMap<string, Document>;
  /** Whether the project has such a file, or folder when it ends in `/`. */
  exists(path: string): boolean;
  /** Address of what is on the site without being a document; undefined when it is not there. */
  address(path: string): string | undefined;
};

export type Page = {
  body: string;
  headings: { depth: number; text: string; anchor: string }[];
  /** One sentence each. */
  problems: string[];
};

export function renderPage(document: Document, places: Places): Page {
  const problems: string[] = [];
  const headings = headingsOf(document);
  const left = headings[Symbol.iterator]();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const { anchor = "" } = left.next().value ?? {};
        const inner = this.parser.parseInline(tokens);
        const sign = depth === 1 ? "" : ` <a class="anchor" href="#${anchor}" aria-label="Link to this part">#</a>`;
        return `<h${depth} id="${anchor}">${inner}${sign}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const address = follow(href);
        return address === null ? inner : `<a href="${escapeHtml(address)}">${inner}</a>`;
      },
      image({ href }) {
        problems.push(`the picture ${href} is not on the site`);
        return "";
      },
      html({ text }) {
        problems.push(`HTML is not used in documents: ${text.trim()}`);
        return escapeHtml(text);
      },
      code({ text, lang }) {
        const [language = ""] = (lang ?? "").split(/\s/);
        if (language === "mermaid") return flow(text);
        // Wide code scrolls, also by keyboard.
        return `<pre tabindex="0"><code>${escapeHtml(text)}\n</code></pre>\n`;
      },
    },
  });
  const body = marked.parser(document.tokens);
  return { body, headings, problems: problems.map((problem) => `${document.file}: ${problem}`) };

  /** Address on the site; null for what the site does not have. */
  function follow(href: string): string | null {
    const target = readLink(document.file, href);
    if (target.kind === "elsewhere") return target.href;
    const there = places.documents.get(target.path);
    const suffix = target.anchor === null ? "" : `#${target.anchor}`;
    if (there !== undefined) {
      if (target.anchor !== null && !headingsOf(there).some(({ anchor }) => anchor === target.anchor))
        problems.push(`${href} leads to a part that ${there.file} does not have`);
      return there === document && suffix !== "" ? suffix : there.address + suffix;
    }
    if (!places.exists(target.path)) problems.push(`${href} leads nowhere`);
    return places.address(target.path) ?? null;
  }

  function flow(source: string): string {
    try {
      const rows = readFlowchart(source).arrows.map(({ from, by, to, within }) => {
        const how = by === null ? "" : ` <i>${escapeHtml(by)}</i>`;
        const where = within === null ? "" : `<small>${escapeHtml(within)}</small> `;
        return `<li>${where}<b>${escapeHtml(from)}</b>${how} → <b>${escapeHtml(to)}</b></li>`;
      });
      return `<ol class="flow">\n${rows.join("\n")}\n</ol>\n`;
    } catch (error) {
      problems.push(`a picture cannot be told: ${error instanceof Error ? error.message : String(error)}`);
      return "";
    }
  }
}

/** With the anchors that GitHub gives them. */
function headingsOf({ tokens }: { tokens: readonly Token[] }): Page["headings"] {
  const slugger = new GithubSlugger();
  const headings: Page["headings"] = [];
  for (const token of everyToken(tokens)) {
    if (token.type !== "heading") continue;
    const text = textOf(token.tokens);
    headings.push({ depth: token.depth, text, anchor: slugger.slug(text) });
  }
  return headings;
}
