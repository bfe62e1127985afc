/**
 * Every command that the documents show is one that its program takes: ours are given to their own parser, scripts
 * are those of package.json, and everything else is a program that readers have.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { Configuration } from "../../worker/contract/configuration.ts";
import { PROJECT, WRANGLER } from "../local-edge/wrangler.ts";
import { helpTexts, refusal } from "./command-line.ts";
import { type Document, everyToken, readDocuments } from "./document.ts";
import { commandsOf } from "./shell-block.ts";

/** Decisions and the changelog tell of their day; what they name may be gone. */
const documents = readDocuments(PROJECT).filter(({ kind, file }) => kind !== "decisions" && file !== "CHANGELOG.md");

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")));

const LANGUAGES = ["sh", "text", "json", "jsonc", "js", "sql", "toml", "yaml", "mermaid", "ini", "diff"];

/** What is on a reader's machine, or said by the document to be. */
const PROGRAMS = [
  "git",
  "curl",
  "openssl",
  "jq",
  "cd",
  "export",
  "unset",
  "mkdir",
  "seq",
  "sed",
  "grep",
  "gzip",
  "sudo",
  "useradd",
  "systemctl",
  "journalctl",
];

it("says of every block what it is, so that no command hides", () => {
  const unsaid = documents.flatMap(({ file, tokens }) =>
    [...everyToken(tokens)].flatMap((token) => {
      if (token.type !== "code") return [];
      const [language = ""] = (token.lang ?? "").split(" ");
      return LANGUAGES.includes(language) ? [] : [`${file}: ${language} ${token.text.split("\n")[0] ?? ""}`];
    }),
  );
  expect(unsaid).toEqual([]);
});

it("shows no command that would not be understood", () => {
  const shown = documents.flatMap(shellCommands);
  expect(shown.length).toBeGreaterThan(50);
  expect(shown.flatMap(({ file, words }) => fault(file, words) ?? [])).toEqual([]);
});

it("mentions no command or option that there is not", () => {
  const mentioned = documents.flatMap(mentions);
  expect(mentioned.length).toBeGreaterThan(30);
  expect(mentioned.flatMap(({ file, words }) => fault(file, words, { mention: true }) ?? [])).toEqual([]);
});

it("has examples in the program's own help that the program takes", () => {
  const examples = helpTexts().flatMap(({ name, help }) =>
    [...help.matchAll(/^ +\$ (patch\.moi .*)$/gm)].flatMap(([, line = ""]) =>
      commandsOf(line).map((words) => ({ file: `${name} --help`, words })),
    ),
  );
  expect(examples.length).toBeGreaterThan(50);
  expect(examples.flatMap(({ file, words }) => fault(file, words) ?? [])).toEqual([]);
});

it("shows no configuration that would be refused", () => {
  const shown = documents.flatMap(({ file, tokens }) =>
    [...everyToken(tokens)].flatMap((token) =>
      token.type === "code" && token.lang === "json" && /^\{\s*"(?:stacks|sources)"/.test(token.text)
        ? [{ file, parsed: Configuration.safeParse(JSON.parse(token.text)) }]
        : [],
    ),
  );
  expect(shown.length).toBeGreaterThan(2);
  expect(shown.flatMap(({ file, parsed }) => (parsed.success ? [] : [file, z.prettifyError(parsed.error)]))).toEqual(
    [],
  );
});

it("shows no command of wrangler that wrangler does not take", () => {
  const shown = documents.flatMap(shellCommands).filter(({ words }) => words[0] === "npx" && words[1] === "wrangler");
  expect(shown.length).toBeGreaterThan(3);
  for (const words of new Set(shown.map((one) => one.words.slice(2).join(" ")))) {
    const [options, names] = [true, false].map((is) => words.split(" ").filter((word) => word.startsWith("--") === is));
    const help = spawnSync(process.execPath, [WRANGLER, ...(names ?? []), "--help"], { encoding: "utf8" }).stdout;
    // The help of a group says the names of its commands and no usage of its own.
    expect(help, words).toContain(`wrangler ${names?.filter((name) => !/^[A-Z_]+$/.test(name)).join(" ")}`);
    for (const option of options ?? []) expect(help, words).toContain(option.replace(/=.*/, ""));
  }
});

it("notices a command, an option and a script that there are not, and a value that is left out", () => {
  expect(fault("x.md", ["patch.moi", "carry"])).toContain("unknown command");
  expect(fault("x.md", ["npx", "patch.moi", "status", "--speed", "9"])).toContain("unknown option");
  expect(fault("x.md", ["npm", "run", "patch.moi", "--", "show"])).toContain("missing required argument");
  expect(fault("x.md", ["npm", "run", "fly"])).toContain("no script");
  expect(fault("x.md", ["kubectl", "get"])).toContain("kubectl");
  expect(commandsOf("export A=1 B=<the token>   # why\ngit tag 'a b' && patch.moi tail | jq -r .name")).toEqual([
    ["export", "A=1", "B=placeholder"],
    ["git", "tag", "a b"],
    ["patch.moi", "tail"],
    ["jq", "-r", ".name"],
  ]);
});

type Shown = { file: string; words: string[] };

function shellCommands({ file, tokens }: Document): Shown[] {
  return [...everyToken(tokens)].flatMap((token) =>
    token.type === "code" && token.lang?.split(" ")[0] === "sh"
      ? commandsOf(token.text).map((words) => ({ file, words }))
      : [],
  );
}

/** Commands in the middle of a sentence: they may leave out what the sentence says. */
function mentions({ file, tokens }: Document): Shown[] {
  return [...everyToken(tokens)].flatMap((token) =>
    token.type === "codespan" && /^(?:npx |npm run (?:-s )?)?patch\.moi [a-z]|^npm run [a-z]/.test(token.text)
      ? commandsOf(token.text.replaceAll("…", "")).map((words) => ({ file, words }))
      : [],
  );
}

/** What is wrong with a command; undefined when nothing is. */
function fault(file: string, words: readonly string[], how: { mention?: boolean } = {}): string | undefined {
  const why = reason(
    words.filter((word) => !/^[A-Z_]+=/.test(word)),
    how,
  );
  return why === undefined ? undefined : `${file}: ${words.join(" ")}: ${why}`;
}

function reason(words: readonly string[], how: { mention?: boolean }): string | undefined {
  const [program = "", ...rest] = words.filter(
    (word) => word !== "-s" && word !== "sudo" && !/^--preserve-env|^-u$|^patch-moi$|^-H$/.test(word),
  );
  switch (program) {
    case "":
      return undefined;
    case "patch.moi":
      return refusal(rest, how);
    case "npx":
      return rest[0] === "patch.moi" ? refusal(rest.slice(1), how) : oneOf(["wrangler"], rest[0]);
    case "npm":
      return rest[0] === "run" ? script(rest.slice(1), how) : oneOf(["ci", "test", "exec"], rest[0]);
    case "node":
      return existsSync(join(PROJECT, rest[0] ?? "")) ? undefined : `there is no file ${rest[0] ?? ""}`;
    case ".ci/run":
      return undefined;
    default:
      return oneOf(PROGRAMS, program);
  }
}

function script([name = "", dashes, ...rest]: readonly string[], how: { mention?: boolean }): string | undefined {
  if (!(name in scripts)) return `package.json has no script ${name}`;
  return name === "patch.moi" && dashes === "--" ? refusal(rest, how) : undefined;
}

function oneOf(known: readonly string[], word: string | undefined): string | undefined {
  return known.includes(word ?? "") ? undefined : `${word ?? ""} is no program of the documents`;
}
