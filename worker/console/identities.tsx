/**
 * Runners and tokens: who may do Git work, and who may use the API. Secrets are shown once.
 *
 * @module
 */
import type { Context } from "hono";
import { Hono } from "hono";
import type { z } from "zod";
import { ApiError, type AppEnv, page as cut, decodeCursor, scope } from "../api/http.ts";
import {
  makeToken,
  registerRunner,
  removeRunner,
  removeToken,
  rotateSecret,
  runnerView,
  tokenView,
} from "../api/identities.ts";
import { type Runner, RunnerInput, type Token, TokenInput, TokenScope } from "../contract/identity.ts";
import { describeIssues } from "../contract/unknown-field.ts";
import { listRunners } from "../store/runners.ts";
import { listTokens } from "../store/tokens.ts";
import { Act, Form } from "./form.tsx";
import { page } from "./frame.tsx";
import { formOf, type Visit } from "./visit.ts";
import { When } from "./words.tsx";

const ROWS = 100;

export const identityPages = new Hono<AppEnv>();

identityPages.get("/runners", async (c) => {
  const cursor = c.req.query("cursor");
  const { rows, nextCursor } = cut(await listRunners(c.var.db, ROWS, decodeCursor(cursor)), ROWS);
  return page(c, { title: "Runners", place: "/console/runners", every: 15 }, (visit) => (
    <>
      <h1>Runners</h1>
      <p class="lead">Programs that do the Git work outside the edge.</p>
      <div id="runners" data-part>
        {rows.length === 0 ? (
          <p class="none">None is registered: no work can be done until one is.</p>
        ) : (
          <Runners runners={rows.map(runnerView)} visit={visit} />
        )}
        {nextCursor === undefined ? null : <a href={`/console/runners?cursor=${nextCursor}`}>Older</a>}
      </div>
      {visit.may("admin") ? <Register visit={visit} /> : null}
    </>
  ));
});

identityPages.post("/runners", scope("admin"), async (c) => {
  const form = await formOf(c);
  const labels = words(form.labels);
  const { runner, secret } = await registerRunner(c, checked(RunnerInput, { name: form.name?.trim(), labels }));
  return shown(c, { what: `Runner ${runner.name}`, secret, back: "/console/runners" });
});

identityPages.post("/runners/:name/rotate", scope("admin"), async (c) => {
  const { runner, secret } = await rotateSecret(c, c.req.param("name"));
  return shown(c, { what: `Runner ${runner.name}`, secret, back: "/console/runners" });
});

identityPages.post("/runners/:name/delete", scope("admin"), async (c) => {
  await removeRunner(c, c.req.param("name"));
  return c.redirect("/console/runners", 303);
});

identityPages.get("/tokens", scope("admin"), async (c) => {
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

identityPages.post("/tokens", scope("admin"), async (c) => {
  const form = await formOf(c);
  const days = Number(form.days ?? "");
  const expiresAt = form.days === undefined || form.days.trim() === "" ? undefined : inDays(days);
  const scopes = TokenScope.options.filter((name) => form[`scope-${name}`] !== undefined);
  const input = checked(TokenInput, { name: form.name?.trim(), scopes, expiresAt });
  const { token, secret } = await makeToken(c, input);
  return shown(c, { what: `Token ${token.name}`, secret, back: "/console/tokens" });
});

identityPages.post("/tokens/:name/delete", scope("admin"), async (c) => {
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

function checked<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new ApiError("invalid_request", describeIssues(parsed.error).join("; "));
  return parsed.data;
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(/[\s,]+/).filter((word) => word !== "");
}

/** A secret, this once: the answer to the form itself, kept nowhere. */
function shown(c: Context<AppEnv>, { what, secret, back }: { what: string; secret: string; back: string }) {
  return page(
    c,
    { title: what },
    () => (
      <>
        <h1>{what}</h1>
        <div class="note good">
          <p>Its secret is shown this once. Keep it now; nobody can read it again.</p>
          <p>
            <code class="secret">{secret}</code>
          </p>
        </div>
        <p>
          <a href={back}>I have kept it</a>
        </p>
      </>
    ),
    201,
  );
}

function Runners({ runners, visit }: { runners: readonly Runner[]; visit: Visit }) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Runner</th>
          <th scope="col">Labels</th>
          <th scope="col">Version</th>
          <th scope="col">Last asked for work</th>
          <th scope="col">Registered</th>
          {visit.may("admin") ? <th scope="col">Act</th> : null}
        </tr>
      </thead>
      <tbody>
        {runners.map((runner) => (
          <tr>
            <td class="name">{runner.name}</td>
            <td data-th="Labels">
              {runner.labels.length === 0 ? <span class="none">none</span> : runner.labels.join(", ")}
            </td>
            <td data-th="Version">{runner.version ?? <span class="none">unknown</span>}</td>
            <td data-th="Last asked">
              {runner.lastSeenAt === undefined ? (
                <span class="warn">never</span>
              ) : (
                <When at={runner.lastSeenAt} now={visit.now} />
              )}
            </td>
            <td data-th="Registered">
              <When at={runner.createdAt} now={visit.now} />
              {runner.previousSecretUntil === undefined ? null : (
                <span class="sub">
                  old secret good until <When at={runner.previousSecretUntil} now={visit.now} />
                </span>
              )}
            </td>
            {visit.may("admin") ? (
              <td>
                <div class="acts">
                  <Act
                    visit={visit}
                    to={`/console/runners/${runner.name}/rotate`}
                    label="New secret"
                    on={`for ${runner.name}`}
                  />
                  <Delete visit={visit} to={`/console/runners/${runner.name}/delete`} what={runner.name} />
                </div>
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
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

/** In two steps, without a script. */
function Delete({ visit, to, what }: { visit: Visit; to: string; what: string }) {
  return (
    <details>
      <summary aria-label={`Delete ${what}`}>Delete</summary>
      <Act visit={visit} to={to} label="Delete for good" look="danger" on={what} />
    </details>
  );
}

function Register({ visit }: { visit: Visit }) {
  return (
    <section aria-labelledby="register-title">
      <h2 id="register-title">Register a runner</h2>
      <Form visit={visit} to="/console/runners">
        <div class="fields">
          <div>
            <label for="runner-name">Name</label>
            <input id="runner-name" name="name" required maxlength={64} autocapitalize="off" />
          </div>
          <div>
            <label for="runner-labels">Labels, if stacks ask for any</label>
            <input id="runner-labels" name="labels" maxlength={2000} autocapitalize="off" />
          </div>
          <div>
            <button type="submit">Register</button>
          </div>
        </div>
      </Form>
    </section>
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
