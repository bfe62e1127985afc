/**
 * Rows as the code reads and writes them: without the position that SQLite gives.
 *
 * @module
 */
import type { attempts, candidates, dispatches, journal, outbox, reports, stacks } from "./schema.ts";

export type StackRow = typeof stacks.$inferSelect;
export type AttemptRow = Omit<typeof attempts.$inferSelect, "position">;
export type DispatchRow = Omit<typeof dispatches.$inferSelect, "position">;
export type CandidateRow = Omit<typeof candidates.$inferSelect, "position">;
export type JournalRow = typeof journal.$inferSelect;
export type ReportRow = typeof reports.$inferSelect;
export type OutboxRow = typeof outbox.$inferSelect;
