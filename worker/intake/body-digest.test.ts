import { expect, it } from "vitest";
import { bodyDigest } from "./body-digest.ts";
import { shortDigest } from "./digest.ts";

/** What it must come to, said with regular expressions. */
function words(body: string): string {
  return body
    .replace(/<!\[CDATA\[|\]\]>/g, "")
    .replace(/(?:<|&lt;)[^<>&]*(?:&(?!lt;|gt;)[^<>&]*)*(?:>|&gt;)/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

const PIECES = [
  "lamp",
  "wick ",
  " \n\t ",
  "<p>",
  "&lt;b&gt;",
  "</p>",
  "&amp;",
  "&lt;",
  "<a href='&amp;x'>",
  "<",
  ">",
  "&gt;",
  "é",
  "\u00a0",
  "\u3000",
  "&",
  "lt;",
  "<br/>",
];

it("is that of the words, however they are marked up and spaced", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  for (let i = 0; i < 3000; i++) {
    const body = Array.from({ length: next(14) }, () => PIECES[next(PIECES.length)]).join("");
    for (const text of [body, `<![CDATA[${body}]]>`])
      expect(bodyDigest(text), `seed ${seed}: ${text}`).toBe(shortDigest(words(text)));
  }
});
