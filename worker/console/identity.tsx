/**
 * What the pages of runners and of tokens share: a secret shown once, a deletion in two steps, a form's input checked.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "zod";
import { ApiError, type AppEnv } from "../api/http.ts";
import { describeIssues } from "../contract/issue-words.ts";
import { Act } from "./form.tsx";
import { page } from "./frame.tsx";
import type { Visit } from "./visit.ts";

/** What a form filled in, as its schema takes it; a refusal names every field that is wrong. */
export function checked<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new ApiError("invalid_request", describeIssues(parsed.error).join("; "));
  return parsed.data;
}

/** A secret, this once: the answer to the form itself, kept nowhere. */
export function shownOnce(c: Context<AppEnv>, { what, secret, back }: { what: string; secret: string; back: string }) {
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

/** In two steps, without a script. */
export function Delete({ visit, to, what }: { visit: Visit; to: string; what: string }) {
  return (
    <details>
      <summary aria-label={`Delete ${what}`}>Delete</summary>
      <Act visit={visit} to={to} label="Delete for good" look="danger" on={what} />
    </details>
  );
}
