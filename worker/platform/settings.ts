/**
 * What the deployment was told: variables and secrets, parsed once per request or object.
 *
 * @module
 */
import { z } from "zod";
import { fromBase64 } from "../contract/base64.ts";
import { QUOTA_DEFAULTS, Quotas } from "../contract/quota.ts";
import { RETENTION_DEFAULTS, RetentionPolicy } from "../contract/retention.ts";
import { decodeSecret } from "../contract/standard-webhooks.ts";

/** A key of the deployment that credentials are sealed with. */
export type SealingKey = { id: string; bytes: Uint8Array<ArrayBuffer> };

/** `id:base64` of 32 bytes, several with commas; the first one seals, the others still open. */
const SealingKeys = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim()))
  .transform((parts, ctx): SealingKey[] =>
    parts.flatMap((part) => {
      const [, id, encoded] = /^([A-Za-z0-9._-]{1,32}):(.+)$/.exec(part) ?? [];
      const bytes = encoded === undefined ? undefined : fromBase64(encoded);
      if (id !== undefined && bytes?.length === 32) return [{ id, bytes }];
      // The part itself is not repeated: it may be a key.
      ctx.addIssue({
        code: "custom",
        message: "must be id:key, with a key of 32 bytes as base64; several with commas",
      });
      return [];
    }),
  )
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, "two keys have the same id");

/** What an operator may set besides; the Worker says what is wrong with them. */
export const OPTIONAL_SETTINGS = [
  "PATCH_URL",
  "PATCH_ACCESS_TEAM",
  "PATCH_ACCESS_AUDIENCE",
  "PATCH_ACCESS_SCOPE",
  "PATCH_WORKSPACE_URL",
  "PATCH_WORKSPACE_SECRET",
  "DISCORD_WEBHOOK_URL",
  "SLACK_WEBHOOK_URL",
  "NOTIFY_WEBHOOK_URL",
  "NOTIFY_WEBHOOK_SECRET",
  "EMAIL_API_URL",
  "EMAIL_API_KEY",
  "EMAIL_FROM",
  "EMAIL_TO",
  "PATCH_RETENTION",
  "PATCH_QUOTAS",
  "PATCH_POLL_BATCH",
] as const;

const text = z.string().min(1).optional();

const Variables = z.object({
  PATCH_ADMIN_TOKEN: text,
  PATCH_SIGNING_KEY: z.string().min(32, "needs 32 characters or more").optional(),
  PATCH_CREDENTIALS_KEYS: SealingKeys.default([]),
  PATCH_ALLOW_LOCAL: z.enum(["true", "false"]).default("false"),
  PATCH_WORKSPACE_URL: z.url({ protocol: /^(?:http|ws)s?$/ }).optional(),
  PATCH_WORKSPACE_SECRET: z.string().min(16, "needs 16 characters or more").optional(),
  PATCH_URL: z.url({ protocol: /^https?$/ }).optional(),
  PATCH_ACCESS_TEAM: z.url({ protocol: /^https$/ }).optional(),
  PATCH_ACCESS_AUDIENCE: text,
  PATCH_ACCESS_SCOPE: z.enum(["read", "operate", "admin"]).default("read"),
  PATCH_RETENTION: RetentionPolicy.optional(),
  PATCH_QUOTAS: Quotas.optional(),
  PATCH_POLL_BATCH: z.coerce.number().int().min(1).max(100).default(100),
  DISCORD_WEBHOOK_URL: z.url().optional(),
  SLACK_WEBHOOK_URL: z.url().optional(),
  NOTIFY_WEBHOOK_URL: z.url().optional(),
  NOTIFY_WEBHOOK_SECRET: z
    .string()
    .refine((secret) => decodeSecret(secret) !== undefined, "must be whsec_ and 24 bytes or more as base64")
    .optional(),
  EMAIL_API_URL: z.url().optional(),
  EMAIL_API_KEY: text,
  EMAIL_FROM: text,
  EMAIL_TO: z
    .string()
    .transform((list) => list.split(",").map((address) => address.trim()))
    .pipe(z.array(z.email()).min(1).max(50))
    .optional(),
});

export type Settings = {
  adminToken?: string | undefined;
  signingKey?: string | undefined;
  /** Newest first; none means that credentials can be neither kept nor used. */
  sealingKeys: readonly SealingKey[];
  /** http and loopback addresses may be fetched: development and the harness only. */
  allowLocal: boolean;
  /** Where this deployment is reached; ID tokens must be made for it. */
  publicOrigin?: string | undefined;
  /** Cloudflare Access in front of the console, where both of its variables are set. */
  access?: AccessSettings | undefined;
  /** Workspace backend of stacks that name none, and the secret that it shares with us. */
  workspaceUrl?: string | undefined;
  workspaceSecret?: string | undefined;
  /** How long each kind of record is kept. */
  retention: RetentionPolicy;
  /** How many of each thing may be made. */
  quotas: Quotas;
  /** Sources polled in one invocation. */
  pollBatch: number;
  discordWebhookUrl?: string | undefined;
  slackWebhookUrl?: string | undefined;
  notifyWebhook?: { url: string; secret: string } | undefined;
  email?: EmailSettings | undefined;
};

export type EmailSettings = { apiUrl: string; apiKey: string; from: string; to: readonly string[] };

export type AccessSettings = {
  /** `https://<team>.cloudflareaccess.com` */
  team: string;
  /** Audience tag of the Access application. */
  audience: string;
  /** What those whom Access lets in may do. */
  scope: "read" | "operate" | "admin";
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
  const { PATCH_ACCESS_TEAM: team, PATCH_ACCESS_AUDIENCE: audience, PATCH_ACCESS_SCOPE: scope } = parsed.data;
  if ((team === undefined) !== (audience === undefined))
    throw new SettingsError("the deployment is misconfigured: PATCH_ACCESS_TEAM and PATCH_ACCESS_AUDIENCE go together");
  return {
    access: team === undefined || audience === undefined ? undefined : { team: new URL(team).origin, audience, scope },
    adminToken: parsed.data.PATCH_ADMIN_TOKEN,
    signingKey: parsed.data.PATCH_SIGNING_KEY,
    sealingKeys: parsed.data.PATCH_CREDENTIALS_KEYS,
    allowLocal: parsed.data.PATCH_ALLOW_LOCAL === "true",
    publicOrigin: parsed.data.PATCH_URL === undefined ? undefined : new URL(parsed.data.PATCH_URL).origin,
    workspaceUrl: parsed.data.PATCH_WORKSPACE_URL,
    workspaceSecret: parsed.data.PATCH_WORKSPACE_SECRET,
    retention: parsed.data.PATCH_RETENTION ?? RETENTION_DEFAULTS,
    quotas: parsed.data.PATCH_QUOTAS ?? QUOTA_DEFAULTS,
    pollBatch: parsed.data.PATCH_POLL_BATCH,
    discordWebhookUrl: parsed.data.DISCORD_WEBHOOK_URL,
    slackWebhookUrl: parsed.data.SLACK_WEBHOOK_URL,
    notifyWebhook: notifyWebhook(parsed.data),
    email: email(parsed.data),
  };
}

type Parsed = z.infer<typeof Variables>;

/** Both or nothing: an unsigned notification would be anybody's. */
function notifyWebhook({ NOTIFY_WEBHOOK_URL: url, NOTIFY_WEBHOOK_SECRET: secret }: Parsed): Settings["notifyWebhook"] {
  return url === undefined || secret === undefined ? undefined : { url, secret };
}

function email(parsed: Parsed): EmailSettings | undefined {
  const { EMAIL_API_URL: apiUrl, EMAIL_API_KEY: apiKey, EMAIL_FROM: from, EMAIL_TO: to } = parsed;
  if (apiUrl === undefined || apiKey === undefined || from === undefined || to === undefined) return undefined;
  return { apiUrl, apiKey, from, to };
}
