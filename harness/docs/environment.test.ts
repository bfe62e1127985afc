/** The reference of the environment names every variable that the code reads or sets, and no other. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { OPTIONAL_SETTINGS } from "../../worker/platform/settings.ts";
import { PROJECT } from "../local-edge/wrangler.ts";

/** Passed from one of our processes to the next, and the binding of the stack's object. */
const OURS = [
  "PATCH_MOI_CONTAINED",
  "PATCH_MOI_HELPER_PASSWORD",
  "PATCH_MOI_HELPER_USER",
  "PATCH_MOI_TODO",
  "PATCH_STACK",
];

const NAME = "(?:PATCH|CODEX|EMAIL|NOTIFY|DISCORD|SLACK)_[A-Z_]*[A-Z]";

it("docs/reference/environment.md lists every variable, and no other", () => {
  const text = readFileSync(join(PROJECT, "docs/reference/environment.md"), "utf8");
  const documented = new Set([...text.matchAll(new RegExp(`\`(${NAME})\``, "g"))].map(([, name]) => name));
  const files = globSync(["{worker,runner}/**/*.{ts,tsx}", "harness/dev.ts"], { cwd: PROJECT }).filter(
    (file) => !/\.test\.|\/testing\//.test(file),
  );
  const used = new Set(
    files.flatMap((file) =>
      [...readFileSync(join(PROJECT, file), "utf8").matchAll(new RegExp(`(?<![A-Za-z_])${NAME}\\b`, "g"))].map(
        ([name]) => name,
      ),
    ),
  );
  expect(OPTIONAL_SETTINGS.filter((name) => !used.has(name))).toEqual([]);
  expect([...used].filter((name) => !documented.has(name) && !OURS.includes(name))).toEqual([]);
  expect([...documented].filter((name) => !used.has(name ?? ""))).toEqual([]);
  expect(OURS.filter((name) => !used.has(name))).toEqual([]);
});
