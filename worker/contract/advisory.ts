/**
 * A security advisory about an upstream package, as signals and events carry it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Timestamp } from "./primitives.ts";

const text = z.string().min(1).max(300);

export const Severity = z.enum(["low", "moderate", "high", "critical"]);
export type Severity = z.infer<typeof Severity>;

/** Versions from `introduced` (absent: the first) up to, not with, `fixed`, or up to and with `lastAffected`. */
export const VersionRange = z.object({
  introduced: text.optional(),
  fixed: text.optional(),
  lastAffected: text.optional(),
});
export type VersionRange = z.infer<typeof VersionRange>;

export const AffectedPackage = z.object({
  ecosystem: text.optional(),
  name: text.optional(),
  ranges: z.array(VersionRange).max(200),
  /** Versions named one by one. */
  versions: z.array(text).max(3000),
});
export type AffectedPackage = z.infer<typeof AffectedPackage>;

export const Advisory = z
  .object({
    /** GHSA where there is one, else CVE, else what its publisher calls it. */
    id: text,
    /** What else it is called. */
    aliases: z.array(text).max(50),
    severity: Severity.optional(),
    withdrawnAt: Timestamp.optional(),
    affected: z.array(AffectedPackage).max(50),
    /** Names what it says of versions: equal for the same facts, whoever tells them. */
    key: z.string().min(1).max(400),
  })
  .openapi("Advisory");
export type Advisory = z.infer<typeof Advisory>;
