/**
 * What `npm run bench -- cost` measured on 28 November 2026, when the figures of `docs/reference/limits.md` were
 * computed: two cores (AMD EPYC) under load.
 *
 * @module
 */
import type { UnitUse } from "./monthly-bill.ts";

export const RECORDED_USE: UnitUse = {
  poll: { rowsRead: 19.1, rowsWritten: 2, cpuMs: 0.615 },
  claim: { rowsRead: 5.98, rowsWritten: 2, cpuMs: 0 },
  tick: { rowsRead: 15, rowsWritten: 1, cpuMs: 26.67 },
  release: { rowsRead: 126.3, rowsWritten: 25, cpuMs: 6.725 },
  attempt: { rowsRead: 22, rowsWritten: 35, cpuMs: 24, objectMs: 22 },
  heartbeat: { rowsRead: 0, rowsWritten: 0, cpuMs: 12, objectMs: 4 },
};
