/**
 * What the edge needs to act on a forge or a workspace backend. Values go in and never come out.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Timestamp } from "./primitives.ts";

/** Longest value taken, characters: an RSA key of 8192 bits as PEM has about 6,400. */
export const MAX_CREDENTIAL_VALUE = 16_384;

/** `host` or `host:port`, as `URL.host` writes it. A credential is sent to this host and no other. */
export const CredentialHost = z
  .string()
  .max(253)
  .refine(
    (text) => URL.canParse(`https://${text}`) && new URL(`https://${text}`).host === text,
    "must be a host as in an address: lower case, with its port when it is not the usual one (git.example.org:3000)",
  );

/** One line of visible ASCII: what an HTTP header can hold. */
const Token = z
  .string()
  .min(8, "is too short for a token")
  .max(MAX_CREDENTIAL_VALUE)
  .regex(/^[\x21-\x7e]+$/, "must be one line without spaces");

/** A secret that signs: any text, long enough not to be guessed. */
const Secret = z
  .string()
  .min(16, "needs 16 characters or more")
  .max(MAX_CREDENTIAL_VALUE)
  .regex(/^[\x20-\x7e]+$/, "must be one line of ASCII");

const Pem = z
  .string()
  .max(MAX_CREDENTIAL_VALUE)
  .regex(/^\s*-----BEGIN (?:RSA )?PRIVATE KEY-----[\s\S]+-----END (?:RSA )?PRIVATE KEY-----\s*$/, {
    error: "must be an RSA private key as PEM, as the forge gave it",
  });

const named = { name: Name, host: CredentialHost };

/** `POST /credentials`. `value` is a token, a signing secret, or the app's private key. */
export const CredentialInput = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("github-app"),
      ...named,
      /** App id or client id: what the JWT names as its issuer. */
      appId: z.string().regex(/^[A-Za-z0-9.]{1,64}$/, "is the number or the client id of the app"),
      /** Found through the repository when absent. */
      installationId: z.int().positive().optional(),
      value: Pem,
    }),
    z.strictObject({ kind: z.literal("github-token"), ...named, value: Token }),
    z.strictObject({ kind: z.literal("forgejo-token"), ...named, value: Token }),
    z.strictObject({ kind: z.literal("gitlab-token"), ...named, value: Token }),
    z.strictObject({ kind: z.literal("workspace-secret"), ...named, value: Secret }),
  ])
  .openapi("CredentialInput", {
    example: { kind: "forgejo-token", name: "forge", host: "forge.example.org", value: "the-token-itself" },
  });
export type CredentialInput = z.infer<typeof CredentialInput>;

export const CredentialKind = z.enum([
  "github-app",
  "github-token",
  "forgejo-token",
  "gitlab-token",
  "workspace-secret",
]);
export type CredentialKind = z.infer<typeof CredentialKind>;

/** A credential as the API shows it: everything but what is secret. */
export const Credential = z
  .object({
    name: Name,
    kind: CredentialKind,
    host: z.string(),
    appId: z.string().optional(),
    installationId: z.number().optional(),
    /** Which key of the deployment it is sealed with. */
    keyId: z.string(),
    /** Its host takes no more requests with it before then: the rate limit is spent, and its stacks wait. */
    limitedUntil: Timestamp.optional(),
    createdAt: Timestamp,
  })
  .openapi("Credential");
export type Credential = z.infer<typeof Credential>;

/** `POST /credentials/reseal`: what was sealed with an older key is sealed with the newest. */
export const Resealed = z
  .object({
    keyId: z.string(),
    resealed: z.array(z.string()),
    /** Sealed with a key that the deployment no longer has: only adding them again helps. */
    unreadable: z.array(z.string()),
  })
  .openapi("Resealed");
export type Resealed = z.infer<typeof Resealed>;
