/**
 * What `npm run bench -- cost` measured on 29 November 2026, when the figures of `docs/reference/limits.md` were
 * computed: two idle cores (AMD EPYC).
 *
 * @module
 */
import type { UnitUse } from "./monthly-bill.ts";

export const RECORDED_USE: UnitUse = {
  poll: { rowsRead: 12, rowsWritten: 1, cpuMs: 0.7349 },
  batch: { rowsRead: 4, rowsWritten: 2, cpuMs: 4.222 },
  tick: { rowsRead: 20, rowsWritten: 1, cpuMs: 25 },
  look: { rowsRead: 0.9999, rowsWritten: 0, cpuMs: 0.0004 },
  release: { rowsRead: 139.3, rowsWritten: 24.01, cpuMs: 7.425 },
  attempt: { rowsRead: 24, rowsWritten: 35, cpuMs: 24.89, objectMs: 18 },
  heartbeat: { rowsRead: 0, rowsWritten: 0, cpuMs: 12.44, objectMs: 2 },
};
