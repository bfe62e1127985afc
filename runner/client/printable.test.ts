import { expect, test } from "vitest";
import { printable } from "./printable.ts";

test.each([
  ["\u001b]0;title\u0007x", "\\u{1b}]0;title\\u{7}x"],
  ["\u001b[2Jgone\r", "\\u{1b}[2Jgone\\u{d}"],
  ["\u009b31m", "\\u{9b}31m"],
  ["a\tb\nc", "a\tb\nc"],
  ["evil\u202egnp.exe", "evil\\u{202e}gnp.exe"],
  ["evil\u061cgnp.exe", "evil\\u{61c}gnp.exe"],
  ["naïve 日本 🎉", "naïve 日本 🎉"],
])("%j is shown as %j", (text, shown) => {
  expect(printable(text, false)).toBe(shown);
});

test("colours of ours stay on a terminal; what hides text never does", () => {
  expect(printable("\u001b[32mok\u001b[39m", true)).toBe("\u001b[32mok\u001b[39m");
  expect(printable("\u001b[32mok\u001b[39m", false)).toBe("\\u{1b}[32mok\\u{1b}[39m");
  expect(printable("\u001b[8mhidden", true)).toBe("\\u{1b}[8mhidden");
});
