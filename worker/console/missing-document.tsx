/**
 * `/docs`: the pages are static assets and answered before the Worker is asked, so what comes here is not one of them.
 *
 * @module
 */
import { Hono } from "hono";
import type { AppEnv } from "../api/http.ts";
import { bare } from "./frame.tsx";
import { guarded } from "./visit.ts";

export const missingDocument = new Hono<AppEnv>();

missingDocument.use(guarded);
missingDocument.get("/*", (c) =>
  bare(
    c,
    "Not here",
    <>
      <h1>Not here</h1>
      <p>
        The documentation has no page <code>{c.req.path}</code>.
      </p>
      <p>
        <a href="/docs/">To the documentation</a>. If that is not there either, it was not built: run{" "}
        <code>npm run build:docs</code>.
      </p>
    </>,
    404,
  ),
);
