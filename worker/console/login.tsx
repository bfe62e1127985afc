/**
 * The door: signing in with an admin token, and out again.
 *
 * @module
 */
import type { Context } from "hono";
import { Hono } from "hono";
import ipaddr from "ipaddr.js";
import { type AppEnv, withinRate } from "../api/http.ts";
import { verifyAdminToken } from "../auth/admin-token.ts";
import { sha256Hex } from "../auth/digest.ts";
import { DEPLOYMENT_TOKEN } from "../contract/identity.ts";
import { log } from "../platform/log.ts";
import { bare } from "./frame.tsx";
import { checkedForm, cookieOf, giveCookie, sealOf } from "./visit.ts";

export const login = new Hono<AppEnv>();

login.get("/login", (c) => door(c, c.req.query("next"), undefined));

login.post("/login", async (c) => {
  // Every try counts, right or wrong: who guesses must not learn by the one that is not refused.
  await withinRate(c, "SIGN_IN_LIMIT", `address:${addressOf(c)}`, "signing in from your address");
  const seal = await sealOf(c);
  const form = await checkedForm(c, seal, binding(cookieOf(c, "sign-in")));
  const next = inside(form.next);
  const presented = form.token?.trim() ?? "";
  const now = Date.now();
  const verdict = await verifyAdminToken(presented, c.var.settings, c.var.db, new Date(now).toISOString());
  switch (verdict.kind) {
    case "not_configured":
      return door(c, next, "No token exists yet: set the secret PATCH_ADMIN_TOKEN.", 503);
    case "refused":
      log("warn", "request.refused", { method: "POST", path: "/console/login", code: "unauthorized" });
      return door(c, next, "This is no token of this deployment, or it has expired or was deleted.", 401);
    case "accepted":
      giveCookie(c, "session", await seal.open(verdict.name, await sha256Hex(presented), now));
      giveCookie(c, "sign-in", "");
      return c.redirect(next, 303);
  }
});

async function door(c: Context<AppEnv>, next: string | undefined, refusal: string | undefined, status: number = 200) {
  const seal = await sealOf(c);
  const known = cookieOf(c, "sign-in");
  const id = known === undefined || known === "" ? crypto.randomUUID() : known;
  giveCookie(c, "sign-in", id);
  const formToken = await seal.formToken(binding(id));
  return bare(
    c,
    "Sign in",
    <div class="sign-in">
      <h1>patch.moi</h1>
      <p class="lead">Sign in with an admin token of this deployment.</p>
      {refusal === undefined ? null : (
        <div class="note bad" role="alert">
          <p>{refusal}</p>
        </div>
      )}
      <form method="post" action="/console/login" class="fields">
        <input type="hidden" name="csrf" value={formToken} />
        <input type="hidden" name="next" value={inside(next)} />
        <div>
          <label for="token">Token</label>
          <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
        </div>
        <div>
          <button type="submit" class="first">
            Sign in
          </button>
        </div>
      </form>
      <p class="small soft">
        The deployment’s own token is called <code>{DEPLOYMENT_TOKEN}</code> on timelines; others are made with{" "}
        <code>POST /tokens</code> or on the page Tokens. What you do appears under your token’s name.
      </p>
    </div>,
    status,
  );
}

/** Cloudflare says who asks; an IPv6 customer has a whole /64, and is one all the same. */
function addressOf(c: Context<AppEnv>): string {
  const address = c.req.header("cf-connecting-ip") ?? "unknown";
  if (!ipaddr.IPv6.isValid(address)) return address;
  return ipaddr.IPv6.parse(address).toNormalizedString().split(":").slice(0, 4).join(":");
}

function binding(id: string | undefined): string {
  return `sign-in:${id ?? ""}`;
}

/** Where to go then: a page of the console and nothing else. */
function inside(next: string | undefined): string {
  return next !== undefined && /^\/console(?:\/[A-Za-z0-9._~%/-]*)?$/.test(next) ? next : "/console";
}
