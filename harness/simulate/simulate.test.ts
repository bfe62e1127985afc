/**
 * The simulation as `docs/concepts/proof.md` types it: some seeds, all mutants, and one seed twice.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { npmRun } from "../process/npm-run.ts";
import { MUTANTS } from "./mutants/catalogue.ts";

/** Runs it as a process of its own: mutants replace modules while they are loaded. */
async function simulate(line: string): Promise<string> {
  const { command, args } = npmRun(line);
  const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

describe("simulation", () => {
  it("finds no violation, and catches every mutant", async () => {
    const lines = (await simulate("npm run simulate -- --seeds 100")).trimEnd().split("\n");
    expect(lines).toContain("100 seeds, 0 violations");
    expect(lines.at(-1)).toBe(`${MUTANTS.length} mutants, ${MUTANTS.length} killed, 0 survived`);
  });

  it("plays a seed the same way every time", async () => {
    const traced = () => simulate("npm run simulate -- --from 7 --trace");
    const [first, second] = await Promise.all([traced(), traced()]);
    const story = (stdout: string) => stdout.split("\n").filter((line) => /^\d+ \d{4}-/.test(line));
    expect(story(first).length).toBeGreaterThan(50);
    expect(story(first)).toEqual(story(second));
  });

  it("says what is wrong with the arguments", async () => {
    await expect(simulate("npm run simulate -- --seeds many")).rejects.toMatchObject({
      code: 2,
      stderr: /'many' is not a number/,
    });
  });
});
