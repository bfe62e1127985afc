import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { AttemptDetail } from "../../worker/contract/attempt.ts";
import { journal, violations } from "./invariants.ts";
import { rage } from "./storm.ts";

it("comes out right however often edge and runner are killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chaos-"));
  const lines: string[] = [];
  const storm = await rage({
    folder,
    seed: 1,
    stacks: 4,
    releases: 5,
    seconds: 15,
    settleSeconds: 200,
    lastAfterwards: true,
    say: (line) => lines.push(line),
  });
  try {
    expect(await violations(storm.fleet, storm.deployment.api), lines.join("\n")).toEqual([]);
    expect(storm.kills.edge).toBeGreaterThan(0);
    expect(storm.kills.runner).toBeGreaterThan(0);
  } finally {
    await storm.end();
    rmSync(folder, { recursive: true, force: true });
  }
});

it("would notice two active attempts and a broken timeline", () => {
  const at = "2024-01-01T00:00:00.000Z";
  const detail = (id: string, seqs: readonly [number, number], ends: "changed" | "failed"): AttemptDetail => ({
    attempt: {
      id,
      stackId: "s",
      eventId: "e",
      number: 1,
      operation: "maintain",
      status: "changed",
      epoch: 1,
      retries: 0,
      onto: "v1",
      cancelRequested: false,
      candidates: [],
      createdAt: at,
      updatedAt: at,
    },
    timeline: [
      { seq: seqs[0], at, actor: "runner", kind: "transition", to: "running" },
      { seq: seqs[1], at, actor: "runner", kind: "transition", from: "running", to: ends },
    ],
    report: null,
  });
  expect(journal([detail("s.1", [1, 2], "changed"), detail("s.2", [3, 4], "changed")])).toEqual([]);
  expect(journal([detail("s.1", [1, 3], "changed"), detail("s.2", [2, 4], "changed")])).toEqual([
    "at seq 2 active at once: s.1, s.2",
  ]);
  expect(journal([detail("s.1", [1, 2], "failed")])).toEqual(["s.1 is changed, its timeline ends in failed"]);
});
