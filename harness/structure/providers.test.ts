import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Provider } from "../../worker/contract/feed-source.ts";
import * as registry from "../../worker/providers/registry.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = "worker/providers";

/** What is about all providers, not one of them. */
const SHARED = ["index", "provider", "raw-entry", "registry"];

const sources = (pattern: string) => globSync(pattern, { cwd: ROOT }).filter((file) => !file.endsWith(".test.ts"));
const textOf = (file: string) => readFileSync(`${ROOT}/${file}`, "utf8");
const NAMES = Object.keys(registry).toSorted();

describe("a provider is a file, and a line of the registry", () => {
  it("for every file there is one line", () => {
    const files = sources(`${FOLDER}/*.ts`).map((file) => basename(file, ".ts"));
    const lines = textOf(`${FOLDER}/registry.ts`)
      .split("\n")
      .flatMap((line) => /^export \{ .* \} from "\.\/(.*)\.ts";$/.exec(line)?.[1] ?? []);
    expect(lines.toSorted()).toEqual(files.filter((name) => !SHARED.includes(name)).toSorted());
  });

  it("what declares a source knows these and no others, and so does the published schema", () => {
    expect(Provider.options).toEqual(NAMES);
    const published = JSON.stringify(JSON.parse(textOf("docs/reference/patch-moi.schema.json")));
    expect(published).toContain(`"provider":{"type":"string","enum":${JSON.stringify(NAMES)}}`);
  });

  it("and no other source file names one", () => {
    // The others are also kinds of forges, formats of documents, or words of older files.
    const ours = ["cgit", "codeberg", "kernel", "pypi", "sourceforge"];
    expect(NAMES).toEqual(expect.arrayContaining(ours));
    const naming = sources("{worker,durable-objects,runner}/**/*.{ts,tsx}")
      .filter((file) => !file.startsWith(`${FOLDER}/`))
      .flatMap((file) => ours.filter((name) => textOf(file).includes(`"${name}"`)).map((name) => `${file}: ${name}`));
    expect(naming).toEqual([]);
  });
});
