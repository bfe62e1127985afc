/**
 * A page as somebody types it: files that it says to write, commands line by line, and the output that it shows.
 *
 * @module
 */
import { type Document, everyToken } from "../document.ts";

export type Step =
  | { kind: "file"; name: string; text: string }
  /** One line of a shell block, without its comment. */
  | { kind: "line"; line: string }
  /** What the page shows of the output of the lines just before. */
  | { kind: "shown"; text: string };

/**
 * A block of another language is written to the file that was named last before it; a block of text right below a
 * shell block is the output of its last command.
 */
export function stepsOf({ tokens }: Document): Step[] {
  const steps: Step[] = [];
  let named: string | undefined;
  let after: "shell" | undefined;
  for (const token of everyToken(tokens)) {
    if (token.type === "space") continue;
    if (token.type === "codespan" && /^[\w-]+\.(?:json|toml|mjs)$/.test(token.text)) named = token.text;
    if (token.type !== "code") {
      after = undefined;
      continue;
    }
    const [language = ""] = (token.lang ?? "").split(" ");
    if (language === "sh") for (const line of linesOf(token.text)) steps.push({ kind: "line", line });
    else if (language === "text" && after === "shell") steps.push({ kind: "shown", text: token.text });
    else if (named !== undefined && FILE_LANGUAGES[named.split(".").at(-1) ?? ""] === language) {
      steps.push({ kind: "file", name: named, text: token.text });
      named = undefined;
    }
    after = language === "sh" ? "shell" : undefined;
  }
  return steps;
}

const FILE_LANGUAGES: Record<string, string> = { json: "json", toml: "toml", mjs: "js" };

/** The lines of a shell block that type something. */
export function linesOf(block: string): string[] {
  return block
    .split("\n")
    .map((line) => line.replace(/(?:^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}
