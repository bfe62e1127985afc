import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { AdminApi } from "../deployment/admin-api.ts";
import { Narrator } from "./narrator.ts";
import { play } from "./play.ts";
import { setStage } from "./stage.ts";
import { SOURCE, STACK } from "./steps.ts";

/** Everything that an operator could have read before the kill and must read again after it. */
async function record(api: AdminApi): Promise<unknown> {
  const attempts = await api.attempts({ stackId: STACK });
  return {
    signals: await api.signals(SOURCE),
    events: await api.events(STACK),
    details: await Promise.all(attempts.map((attempt) => api.attempt(attempt.id))),
    candidates: await api.candidates(STACK),
  };
}

it("loses nothing when the Worker is killed between any two steps", async () => {
  const folder = mkdtempSync(join(tmpdir(), "restart-"));
  const lines: string[] = [];
  const stage = await setStage(folder, new Narrator((line) => lines.push(line)));
  try {
    let kills = 0;
    const rehearsal = await play(stage, {
      between: async () => {
        const before = await record(stage.api);
        await stage.edge.kill();
        await expect(stage.api.stack(STACK)).rejects.toThrow();
        await stage.edge.start();
        kills += 1;
        expect(await record(stage.api)).toEqual(before);
      },
    });
    expect(
      rehearsal.steps.filter((step) => !step.ok),
      lines.join("\n"),
    ).toEqual([]);
    expect(kills).toBe(7);
  } finally {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
