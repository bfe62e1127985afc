import { expect, test } from "vitest";
import { compareWithRebase, seedsOf } from "./testing/compare-with-rebase.ts";

const seeds = seedsOf("second");

test(`random histories of seeds ${seeds.from} to ${seeds.to}: as git rebase does, and every patch accounted for`, {
  timeout: 60_000 + seeds.count * 3_000,
}, async () => {
  const { clean, stopped } = await compareWithRebase(seeds);
  console.log(`seeds ${seeds.from} to ${seeds.to}: ${clean} replayed clean, ${stopped} with conflicts`);
  expect(clean).toBeGreaterThan(0);
});
