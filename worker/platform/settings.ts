/**
 * What the deployment was told: variables and secrets, parsed once per request or object.
 *
 * @module
 */
import { z } from "zod";

const text = z.string().min(1).optional();

const Variables = z.object({
  PATCH_ADMIN_TOKEN: text,
  PATCH_SIGNING_KEY: z.string().min(32, "needs 32 characters or more").optional(),
  PATCH_ALLOW_LOCAL: z.enum(["true", "false"]).default("false"),
  DISCORD_WEBHOOK_URL: z.url().optional(),
});

export type Settings = {
  adminToken?: string | undefined;
  signingKey?: string | undefined;
  /** http and loopback addresses may be fetched: development and the harness only. */
  allowLocal: boolean;
  discordWebhookUrl?: string | undefined;
};

/** Raised when a variable or secret holds something unusable; the message names it. */
export class SettingsError extends Error {
  override name = "SettingsError";
}

/** Reads the settings; empty text counts as not set. Throws {@link SettingsError}. */
export function readSettings(env: object): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = Variables.safeParse(given);
  if (!parsed.success) {
    const what = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
    throw new SettingsError(`the deployment is misconfigured: ${what}`);
  }
  return {
    adminToken: parsed.data.PATCH_ADMIN_TOKEN,
    signingKey: parsed.data.PATCH_SIGNING_KEY,
    allowLocal: parsed.data.PATCH_ALLOW_LOCAL === "true",
    discordWebhookUrl: parsed.data.DISCORD_WEBHOOK_URL,
  };
}
