/**
 * Tokens: who may use the API and the console. A secret is shown once.
 *
 * @module
 */
import { Hono } from "hono";
import { ApiError, type AppEnv, page as cut, decodeCursor, scope } from "../api/http.ts";
import { makeToken, removeToken, tokenView } from "../api/identities.ts";
import { type Token, TokenInput, TokenScope } from "../contract/identity.ts";
import { listTokens } from "../store/tokens.ts";
import { Form } from "./form.tsx";
import { page } from "./frame.tsx";
import { checked, Delete, shownOnce } from "./identity.tsx";
import { formOf, type Visit } from "./visit.ts";
import { When } from "./words.tsx";

const ROWS = 100;

export const tokenPages = new Hono<AppEnv>();

tokenPages.get("/tokens", scope("admin"), async (c) => {
  const cursor = c.req.query("cursor");
  const { rows, nextCursor } = cut(await listTokens(c.var.db, ROWS, decodeCursor(cursor)), ROWS);
  return page(c, { title: "Tokens", place: "/console/tokens" }, (visit) => (
    <>
      <h1>Tokens</h1>
      <p class="lead">
        Who may use the API and this console. A deleted token’s sessions end with it; what was done with it stays on the
        timelines under its name.
      </p>
      {rows.length === 0 ? (
        <p class="none">None but the deployment’s own.</p>
      ) : (
        <Tokens tokens={rows.map(tokenView)} visit={visit} />
      )}
      {nextCursor === undefined ? null : <a href={`/console/tokens?cursor=${nextCursor}`}>Older</a>}
      <MakeToken visit={visit} />
    </>
  ));
});

tokenPages.post("/tokens", scope("admin"), async (c) => {
  const form = await formOf(c);
  const days = Number(form.days ?? "");
  const expiresAt = form.days === undefined || form.days.trim() === "" ? undefined : inDays(days);
  const scopes = TokenScope.options.filter((name) => form[`scope-${name}`] !== undefined);
  const input = checked(TokenInput, { name: form.name?.trim(), scopes, expiresAt });
  const { token, secret } = await makeToken(c, input);
  return shownOnce(c, { what: `Token ${token.name}`, secret, back: "/console/tokens" });
});

tokenPages.post("/tokens/:name/delete", scope("admin"), async (c) => {
  await removeToken(c, c.req.param("name"));
  return c.redirect("/console/tokens", 303);
});

function inDays(days: number): string {
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    throw new ApiError(
      "invalid_request",
      "a token lasts from 1 to 3650 days; leave it empty for one that does not end",
    );
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

function Tokens({ tokens, visit }: { tokens: readonly Token[]; visit: Visit }) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col">May</th>
          <th scope="col">Last used</th>
          <th scope="col">Expires</th>
          <th scope="col">Act</th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr>
            <td class="name">{token.name}</td>
            <td data-th="May">{token.scopes.join(", ")}</td>
            <td data-th="Last used">
              {token.lastUsedAt === undefined ? (
                <span class="none">never</span>
              ) : (
                <When at={token.lastUsedAt} now={visit.now} />
              )}
            </td>
            <td data-th="Expires">
              {token.expiresAt === undefined ? (
                <span class="none">never</span>
              ) : (
                <When at={token.expiresAt} now={visit.now} />
              )}
            </td>
            <td>
              <Delete visit={visit} to={`/console/tokens/${token.name}/delete`} what={token.name} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SCOPES: Record<TokenScope, string> = {
  read: "read: see everything",
  operate: "operate: retry, resume, land, pause and the like",
  admin: "admin: declare stacks, sources, runners and tokens",
};

function MakeToken({ visit }: { visit: Visit }) {
  return (
    <section aria-labelledby="make-title">
      <h2 id="make-title">Make a token</h2>
      <Form visit={visit} to="/console/tokens">
        <div class="fields">
          <div>
            <label for="token-name">Name: what it is called on timelines</label>
            <input id="token-name" name="name" required maxlength={64} autocapitalize="off" />
          </div>
          <fieldset>
            <legend>It may</legend>
            {TokenScope.options.map((name) => (
              <label>
                <input type="checkbox" name={`scope-${name}`} value="yes" checked={name === "read"} />
                {SCOPES[name]}
              </label>
            ))}
          </fieldset>
          <div>
            <label for="token-days">Days until it expires; empty for never</label>
            <input id="token-days" name="days" type="number" min={1} max={3650} />
          </div>
          <div>
            <button type="submit">Make it</button>
          </div>
        </div>
      </Form>
    </section>
  );
}
