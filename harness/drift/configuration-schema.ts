/**
 * The published JSON Schema of `patch-moi.json` is made from the schema that parses it.
 *
 * `node harness/drift/configuration-schema.ts` fails when the file is not the one that would be made;
 * with `--write` it makes it.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Configuration } from "../../worker/contract/configuration.ts";

const FILE = join(import.meta.dirname, "../../docs/reference/patch-moi.schema.json");

const schema = z.toJSONSchema(Configuration, { io: "input" });
const text = `${JSON.stringify({ title: "patch-moi.json", ...schema }, undefined, 2)}\n`;

if (process.argv.includes("--write")) writeFileSync(FILE, text);
else if (readFileSync(FILE, "utf8") !== text) {
  process.stderr.write("docs/reference/patch-moi.schema.json is out of date; run `npm run schema`\n");
  process.exit(1);
}
