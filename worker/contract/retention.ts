/**
 * How long each kind of record is kept: `PATCH_RETENTION`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

export const RETENTION_KINDS = ["effects", "reports", "dispatches", "signals", "events", "journal"] as const;
export type RetentionKind = (typeof RETENTION_KINDS)[number];

/** Days; null is for ever. */
export type RetentionPolicy = Readonly<Record<RetentionKind, number | null>>;

export const RETENTION_DEFAULTS: RetentionPolicy = {
  effects: 30,
  reports: 730,
  dispatches: 730,
  signals: null,
  events: null,
  journal: null,
};

/** A week at least: an operator must be able to find out what happened. */
const LEAST_DAYS = 7;

/** `reports=365,journal=never`: days by kind; what is not named is as by default. */
export const RetentionPolicy = z.string().transform((text, ctx): RetentionPolicy => {
  const policy: Record<RetentionKind, number | null> = { ...RETENTION_DEFAULTS };
  for (const part of text.split(",").map((one) => one.trim())) {
    const [, name, value] = /^([a-z]+)=([0-9]{1,5}|never)$/.exec(part) ?? [];
    const kind = RETENTION_KINDS.find((one) => one === name);
    const days = value === "never" ? null : Number(value);
    if (kind === undefined || (days !== null && !(days >= LEAST_DAYS)))
      ctx.addIssue({
        code: "custom",
        message: `'${part}' is no kind=days: kinds are ${RETENTION_KINDS.join(", ")}, days ${LEAST_DAYS} or more, or never`,
      });
    else policy[kind] = days;
  }
  return policy;
});
