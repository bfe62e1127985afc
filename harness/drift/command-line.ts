/**
 * The reference of the command line is what the program says in its help.
 *
 * `node harness/drift/command-line.ts` fails when the file is not the one that would be made; with `--write` it
 * makes it.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { helpTexts } from "../docs/command-line.ts";

const FILE = join(import.meta.dirname, "../../docs/reference/command-line.md");

const HEAD = `# Command line

What \`patch.moi COMMAND --help\` prints, of every command. From a checkout it is \`npm run patch.moi -- status\` and so on.
Exit codes: 0 done, 1 the work failed, 2 not understood. With \`--json\` standard output is one JSON document.
Made by \`npm run reference\`.
`;

const parts = helpTexts().map(
  ({ name, help }) => `## ${name}\n\n\`\`\`text\n${help.replaceAll(/[ \t]+$/gm, "")}\n\`\`\`\n`,
);
const text = [HEAD, ...parts].join("\n");

if (process.argv.includes("--write")) writeFileSync(FILE, text);
else if (readFileSync(FILE, "utf8") !== text) {
  process.stderr.write("docs/reference/command-line.md is out of date; run `npm run reference`\n");
  process.exit(1);
}
