/**
 * The simulation as CI runs it: some seeds, all mutants, and one seed twice.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { MUTANTS } from "./mutants/catalogue.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url).href);
const run = promisify(execFile);

/** Runs it as a process of its own: mutants replace modules while they are loaded. */
async function simulate(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [MAIN, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** The last lines without what differs from run to run. */
function tail(stdout: string, lines: number): string[] {
  return stdout.trimEnd().split("\n").slice(-lines);
}

describe("simulation", () => {
  it("finds no violation", async () => {
    expect(tail(await simulate("--seeds", "150", "--no-mutants"), 1)).toEqual(["150 seeds, 0 violations"]);
  });

  it("catches every mutant", async () => {
    const count = MUTANTS.length;
    const stdout = await simulate("--mutants-only");
    expect(tail(stdout, 1)).toEqual([`${count} mutants, ${count} killed, 0 survived`]);
  });

  it("plays a seed the same way every time", async () => {
    const [first, second] = await Promise.all([simulate("--from", "7", "--trace"), simulate("--from", "7", "--trace")]);
    const story = (stdout: string) => stdout.split("\n").filter((line) => /^\d+ \d{4}-/.test(line));
    expect(story(first).length).toBeGreaterThan(50);
    expect(story(first)).toEqual(story(second));
  });

  it("says what is wrong with the arguments", async () => {
    await expect(simulate("--seeds", "many")).rejects.toMatchObject({ code: 2, stderr: /'many' is not a number/ });
  });
});
