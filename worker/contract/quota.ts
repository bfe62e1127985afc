/**
 * How many of each thing a deployment takes: `PATCH_QUOTAS`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

export const QUOTA_KINDS = ["stacks", "sources", "tokens", "runners"] as const;
export type QuotaKind = (typeof QUOTA_KINDS)[number];

export type Quotas = Readonly<Record<QuotaKind, number>>;

/** Far above what a fleet needs, and below what a script gone wrong makes in a night. */
export const QUOTA_DEFAULTS: Quotas = { stacks: 10_000, sources: 20_000, tokens: 200, runners: 500 };

/** `stacks=200,sources=500`: numbers by kind; what is not named is as by default. */
export const Quotas = z.string().transform((text, ctx): Quotas => {
  const quotas: Record<QuotaKind, number> = { ...QUOTA_DEFAULTS };
  for (const part of text.split(",").map((one) => one.trim())) {
    const [, name, value] = /^([a-z]+)=([0-9]{1,7})$/.exec(part) ?? [];
    const kind = QUOTA_KINDS.find((one) => one === name);
    if (kind === undefined)
      ctx.addIssue({
        code: "custom",
        message: `'${part}' is no kind=number: kinds are ${QUOTA_KINDS.join(", ")}`,
      });
    else quotas[kind] = Number(value);
  }
  return quotas;
});
