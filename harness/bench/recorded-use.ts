/**
 * What `npm run bench -- cost` measured on 29 November 2026, when the figures of `docs/reference/limits.md` were
 * computed: two cores (AMD EPYC) under load.
 *
 * @module
 */
import type { UnitUse } from "./monthly-bill.ts";

export const RECORDED_USE: UnitUse = {
  poll: { rowsRead: 12, rowsWritten: 1, cpuMs: 0.95 },
  batch: { rowsRead: 4, rowsWritten: 2, cpuMs: 6.489 },
  tick: { rowsRead: 20, rowsWritten: 1, cpuMs: 41 },
  look: { rowsRead: 0.9999, rowsWritten: 0, cpuMs: 0 },
  release: { rowsRead: 139.3, rowsWritten: 24.01, cpuMs: 9 },
  attempt: { rowsRead: 24, rowsWritten: 35, cpuMs: 30.44, objectMs: 44 },
  heartbeat: { rowsRead: 0, rowsWritten: 0, cpuMs: 15.22, objectMs: 10 },
};
