import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { z } from "zod";
import { everyToken, readDocuments } from "../docs/document.ts";
import { missingOf } from "../docs/walk/shown-output.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { npmRun } from "../process/npm-run.ts";

const Document = z.strictObject({
  steps: z.array(
    z.strictObject({
      name: z.string(),
      expected: z.record(z.string(), z.unknown()),
      seen: z.record(z.string(), z.unknown()),
      ok: z.boolean(),
      seconds: z.number(),
    }),
  ),
  ok: z.boolean(),
});

const Printed = z.object({ stdout: z.string(), stderr: z.string() });

/** What the tutorial reads aloud: a block for each step that it shows something of. */
function shownByTutorial(): string[] {
  const page = readDocuments(PROJECT).find(({ file }) => file === "docs/tutorials/first-rehearsal.md");
  const shown = [...everyToken(page?.tokens ?? [])].flatMap((token) =>
    token.type === "code" && token.lang === "text" ? [token.text] : [],
  );
  expect(shown.length).toBeGreaterThan(3);
  return shown;
}

// With forges and workspace backends on demand: `npm run rehearse -- --forge gitlab`.
it("plays upstream's life on this machine, everything as expected", async () => {
  const { command, args } = npmRun("npm run rehearse");
  const run = promisify(execFile)(command, [...args, "--json"], { timeout: 290_000 });
  // A failed rehearsal exits with 1 and still prints its document: the differences are what a reader wants to see.
  const { stdout, stderr } = await run.catch((error: unknown) => Printed.parse(error));
  const { steps, ok } = Document.parse(JSON.parse(stdout));
  expect(steps.filter((step) => !step.ok)).toEqual([]);
  expect(steps).toHaveLength(8);
  for (const step of steps) expect(step.seen).toEqual(step.expected);
  expect(ok).toBe(true);
  expect(shownByTutorial().flatMap((shown) => missingOf(shown, stderr))).toEqual([]);
});

it("says how it is used", async () => {
  const { command, args } = npmRun("npm run rehearse -- --jsn");
  await expect(promisify(execFile)(command, args)).rejects.toMatchObject({ code: 2 });
});
