/** The reference of log events names exactly the events that the code can write. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LOG_NAMES } from "../../worker/platform/log.ts";

it("docs/reference/log-events.md lists every log event, and no other", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/reference/log-events.md"), "utf8");
  const documented = [...text.matchAll(/^\| `([a-z.]+)` \|/gm)].map((match) => match[1]);
  expect(documented.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(
    [...LOG_NAMES].toSorted((a, b) => a.localeCompare(b)),
  );
});
