/**
 * Who may: runners and admin tokens.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Timestamp } from "./primitives.ts";

/** `POST /runners`, `GET /runners`. The secret is shown once, when the runner is made or rotated. */
export const Runner = z
  .object({
    name: Name,
    labels: z.array(Name),
    createdAt: Timestamp,
    lastSeenAt: Timestamp.optional(),
    version: z.string().optional(),
    /** After a rotation: until when the secret before it is good. */
    previousSecretUntil: Timestamp.optional(),
  })
  .openapi("Runner");
export type Runner = z.infer<typeof Runner>;
export const RunnerInput = z
  .strictObject({ name: Name, labels: z.array(Name).max(50).default([]) })
  .openapi("RunnerInput");
export const RunnerCreated = z.object({ runner: Runner, secret: z.string() }).openapi("RunnerCreated");

/** What the deployment's own token is called on timelines; no other may have the name. */
export const DEPLOYMENT_TOKEN = "admin";

export const TokenScope = z.enum(["read", "operate", "admin"]);
export type TokenScope = z.infer<typeof TokenScope>;
export const Token = z
  .object({
    name: Name,
    scopes: z.array(TokenScope),
    createdAt: Timestamp,
    expiresAt: Timestamp.optional(),
    lastUsedAt: Timestamp.optional(),
  })
  .openapi("Token");
export type Token = z.infer<typeof Token>;
export const TokenInput = z
  .strictObject({ name: Name, scopes: z.array(TokenScope).min(1), expiresAt: Timestamp.optional() })
  .openapi("TokenInput");
export const TokenCreated = z.object({ token: Token, secret: z.string() }).openapi("TokenCreated");
