import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { refuseEnded, startChild, waitForLine } from "./child.ts";
import { until } from "./until.ts";

const folder = mkdtempSync(join(tmpdir(), "child-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process with a child of its own; prints both ids and stays. */
const FAMILY = `
  const { spawn } = require("node:child_process");
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  console.log(JSON.stringify([process.pid, child.pid]));
  setInterval(() => {}, 1000);
`;

function start(name: string, script: string) {
  return startChild({ name, command: process.execPath, args: ["-e", script], log: join(folder, `${name}.log`) });
}

function pidsIn(line: string): number[] | undefined {
  return line.startsWith("[") ? (JSON.parse(line) as number[]) : undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie still takes signals: whoever should have waited for it has not yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("a child process", () => {
  it.each(["stop", "kill"] as const)("takes its own children along on %s", async (way) => {
    const child = start(way, FAMILY);
    const pids = await waitForLine(child, pidsIn);
    expect(pids.map(alive)).toEqual([true, true]);
    await child[way]();
    expect(pids.map(alive)).toEqual([false, false]);
    expect(child.exit()).toBeDefined();
  });

  it("does not outlive a parent that was killed", async () => {
    const script = `
      const { startChild } = await import(${JSON.stringify(new URL("child.ts", import.meta.url).href)});
      startChild({ name: "c", command: process.execPath, args: ["-e", ${JSON.stringify(FAMILY)}], log: ${JSON.stringify(join(folder, "orphan.log"))} });
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
    const pids = await until("the family to be there", () => {
      try {
        return readFileSync(join(folder, "orphan.log"), "utf8")
          .split("\n")
          .map(pidsIn)
          .find((found) => found !== undefined);
      } catch {
        return undefined;
      }
    });
    expect(pids.map(alive)).toEqual([true, true]);
    parent.kill("SIGKILL");
    await until("the family to be gone", () => !pids.some(alive) || undefined);
  });

  it("says how it ended and what it wrote last", async () => {
    const child = start("short", `console.error("no such luck"); process.exit(3)`);
    await until("its end", () => child.exit());
    expect(child.exit()?.code).toBe(3);
    expect(() => refuseEnded(child)).toThrow(/short ended \(exit 3\)\nno such luck/);
    await expect(waitForLine(child, () => undefined)).rejects.toThrow("no such luck");
  });
});
