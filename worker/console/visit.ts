/**
 * Who looks at the console: the session, what every answer carries, and what a form must show.
 *
 * @module
 */
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { ApiError, type AppEnv, allows, withinRate } from "../api/http.ts";
import { ACCESS_HEADER, verifyAccess } from "../auth/access.ts";
import { currentToken } from "../auth/admin-token.ts";
import { SESSION_SECONDS, SessionSeal } from "../auth/console-session.ts";
import { consoleKey } from "../auth/derived-keys.ts";
import { sha256Hex } from "../auth/digest.ts";
import type { TokenScope } from "../contract/identity.ts";

/** Own paths only: what upstream wrote can be shown, and can do nothing. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Headers of every answer under `/console`. */
export const guarded = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  const { headers } = c.res;
  headers.set("Content-Security-Policy", POLICY);
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  // With "no-referrer" a browser would not say where a form came from, which is checked below.
  headers.set("Referrer-Policy", "same-origin");
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
});

/** What a page needs to know of who looks at it. */
export type Visit = {
  actor: string;
  may: (scope: TokenScope) => boolean;
  /** What every form must carry. */
  formToken: string;
  /** Of this one rendering: a form sent twice acts once. */
  once: string;
  /** Milliseconds since the epoch. */
  now: number;
};

export function visitOf(c: Context<AppEnv>): Visit {
  const { name, scopes } = c.var.actor;
  return {
    actor: name,
    may: (scope) => allows(scopes, scope),
    formToken: c.var.formToken ?? "",
    once: crypto.randomUUID(),
    now: Date.now(),
  };
}

/** Everything below it needs a session; who has none is sent to the door. */
export const signedIn = createMiddleware<AppEnv>(async (c, next) => {
  const seal = await sealOf(c);
  const visitor = await visitorOf(c, seal);
  if (visitor === undefined) {
    if (c.req.method !== "GET") throw new ApiError("unauthorized", "you are signed out; sign in and try again");
    return c.redirect(`/console/login?next=${encodeURIComponent(c.req.path)}`, 303);
  }
  await withinRate(c, "TOKEN_LIMIT", `token:${visitor.name}`, `requests of '${visitor.name}'`);
  c.set("actor", { name: visitor.name, scopes: visitor.scopes });
  c.set("formToken", await seal.formToken(visitor.binding));
  if (c.req.method === "POST") {
    const form = await checkedForm(c, seal, visitor.binding);
    const key = `key:${visitor.name}:console:${form.once ?? ""}:${c.req.path}`;
    // The same page's button pressed twice is one act.
    if (form.once !== undefined) c.set("idempotency", { key, hash: await sha256Hex(JSON.stringify(form)) });
  }
  await next();
});

/** Who may come in, and what their forms are bound to. */
type Visitor = { name: string; scopes: readonly TokenScope[]; binding: string };

async function visitorOf(c: Context<AppEnv>, seal: SessionSeal): Promise<Visitor | undefined> {
  const now = Date.now();
  const byAccess = await throughAccess(c, now);
  if (byAccess !== undefined) return byAccess;
  const session = await seal.read(cookieOf(c, "session") ?? "", now);
  if (session === undefined) return undefined;
  const token = await currentToken(session.token, c.var.settings, c.var.db, new Date(now).toISOString());
  if (token === undefined || !(await seal.openedWith(session, token.hash))) return undefined;
  return { name: session.token, scopes: token.scopes, binding: session.id };
}

/** Whom Cloudflare Access let in, where the deployment has it; without its assertion a token still opens the door. */
async function throughAccess(c: Context<AppEnv>, now: number): Promise<Visitor | undefined> {
  const { access, allowLocal } = c.var.settings;
  const assertion = c.req.header(ACCESS_HEADER);
  if (access === undefined || assertion === undefined) return undefined;
  const outbound = { allowLocal, ownHosts: [new URL(c.req.url).hostname] };
  const verdict = await verifyAccess(assertion, access, { db: c.var.db, outbound, now });
  switch (verdict.kind) {
    case "accepted":
      return { name: verdict.email, scopes: [access.scope], binding: `access:${verdict.subject}` };
    case "refused":
      throw new ApiError("unauthorized", `what Cloudflare Access says does not hold: ${verdict.why}`);
    case "unavailable":
      throw new ApiError("storage_unavailable", `the keys of Cloudflare Access cannot be had now: ${verdict.why}`);
  }
}

/** A form's fields; refused when it did not come from a page of this session. */
export async function checkedForm(
  c: Context<AppEnv>,
  seal: SessionSeal,
  binding: string,
): Promise<Partial<Record<string, string>>> {
  const own = [new URL(c.req.url).origin, c.var.settings.publicOrigin];
  const origin = c.req.header("origin");
  const fromHere = origin === undefined ? c.req.header("sec-fetch-site") === "same-origin" : own.includes(origin);
  if (!fromHere)
    throw new ApiError(
      "forbidden",
      "the form did not come from this console; open the page again and send it from there",
    );
  const form = await formOf(c);
  if (!(await seal.isFormToken(form.csrf ?? "", binding)))
    throw new ApiError("forbidden", "the form is not of this session; open the page again and send it from there");
  return form;
}

/** The fields of a form, text only. */
export async function formOf(c: Context<AppEnv>): Promise<Partial<Record<string, string>>> {
  const fields = await c.req.parseBody();
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}

export async function sealOf(c: Context<AppEnv>): Promise<SessionSeal> {
  const { signingKey } = c.var.settings;
  if (signingKey === undefined)
    throw new ApiError("not_configured", "nobody can sign in to the console: set the secret PATCH_SIGNING_KEY");
  return new SessionSeal(await consoleKey(signingKey));
}

type CookieUse = "session" | "sign-in";

/** Over http only where the deployment says that it is a local one, and only on loopback. */
function isLocal(c: Context<AppEnv>): boolean {
  const { protocol, hostname } = new URL(c.req.url);
  if (protocol === "https:") return false;
  if (c.var.settings.allowLocal && /^(?:localhost|127(?:\.[0-9]+){3}|\[::1\])$/.test(hostname)) return true;
  throw new ApiError("forbidden", "the console wants https: over plain http a session could be taken on its way");
}

export function cookieOf(c: Context<AppEnv>, use: CookieUse): string | undefined {
  return isLocal(c) ? getCookie(c, `patch-moi-${use}`) : getCookie(c, `patch-moi-${use}`, "host");
}

/** Sets a cookie that scripts and other sites never see; empty text takes it away. */
export function giveCookie(c: Context<AppEnv>, use: CookieUse, value: string): void {
  const maxAge = value === "" ? 0 : use === "session" ? SESSION_SECONDS : 3600;
  const how = { path: "/", httpOnly: true, sameSite: "Strict", maxAge } as const;
  if (isLocal(c)) setCookie(c, `patch-moi-${use}`, value, how);
  else setCookie(c, `patch-moi-${use}`, value, { ...how, secure: true, prefix: "host" });
}
