/**
 * `/console`: the operators' pages. Whatever they let somebody do is done by the functions behind the API.
 *
 * @module
 */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ApiError, type AppEnv } from "../api/http.ts";
import { isObjectAway, OBJECT_AWAY } from "../api/object.ts";
import { ACCESS_HEADER } from "../auth/access.ts";
import { MAX_API_BODY } from "../contract/primitives.ts";
import { log } from "../platform/log.ts";
import { SettingsError } from "../platform/settings.ts";
import { StorageFault } from "../store/database.ts";
import { UnreadableDeclaration } from "../store/declared-column.ts";
import { apiReference } from "./api-reference.tsx";
import { assets } from "./assets.ts";
import { attemptPages } from "./attempt.tsx";
import { eventPages } from "./events.tsx";
import { bare } from "./frame.tsx";
import { interventionPages } from "./interventions.tsx";
import { liveEvents } from "./live.ts";
import { login } from "./login.tsx";
import { overview } from "./overview.tsx";
import { previewPage } from "./preview.tsx";
import { runnerPages } from "./runners.tsx";
import { sourcePages } from "./sources.tsx";
import { stackPages } from "./stack.tsx";
import { tokenPages } from "./tokens.tsx";
import { giveCookie, guarded, signedIn } from "./visit.ts";

export const consolePages = new Hono<AppEnv>();

consolePages.onError((error, c) => {
  const refusal = refusalOf(error);
  const fields = { method: c.req.method, path: c.req.path };
  if (error instanceof StorageFault || isObjectAway(error))
    log("error", "storage.fault", { ...fields, error: error.message });
  else if (refusal.code === "internal") log("error", "request.failed", { ...fields, error: String(error) });
  else log("warn", "request.refused", { ...fields, code: refusal.code });
  if (error instanceof ApiError && error.retryAfterSeconds !== undefined)
    c.header("Retry-After", String(error.retryAfterSeconds));
  return bare(
    c,
    refusal.title,
    <>
      <h1>{refusal.title}</h1>
      <p>{sentence(refusal.message)}</p>
      <p class="soft small">
        <code>{refusal.code}</code>
      </p>
      <p>
        <a href="/console">To the overview</a>
      </p>
    </>,
    refusal.status,
  );
});

consolePages.use(guarded);
consolePages.use(
  bodyLimit({
    maxSize: MAX_API_BODY,
    onError: () => {
      throw new ApiError("payload_too_large", `a form may have ${MAX_API_BODY} bytes at most`);
    },
  }),
);
consolePages.route("/", assets);
consolePages.route("/", login);
consolePages.use(signedIn);
consolePages.post("/logout", (c) => {
  giveCookie(c, "session", "");
  // With Access the session that counts is its own.
  return c.redirect(c.req.header(ACCESS_HEADER) === undefined ? "/console/login" : "/cdn-cgi/access/logout", 303);
});
for (const pages of [
  overview,
  stackPages,
  attemptPages,
  eventPages,
  liveEvents,
  previewPage,
  sourcePages,
  interventionPages,
  runnerPages,
  tokenPages,
  apiReference,
])
  consolePages.route("/", pages);
consolePages.all("*", (c) => {
  throw new ApiError("not_found", `the console has no page ${c.req.path}`);
});

const TITLES: Readonly<Partial<Record<number, string>>> = { 403: "Not allowed", 404: "Not here", 429: "Not so fast" };

function refusalOf(error: Error): { status: number; code: string; title: string; message: string } {
  if (error instanceof ApiError) {
    const { status, code, message } = error;
    return { status, code, message, title: TITLES[status] ?? "Not done" };
  }
  if (error instanceof StorageFault)
    return {
      status: 503,
      code: "storage_unavailable",
      title: "Not now",
      message: "storage does not answer; try again",
    };
  if (error instanceof UnreadableDeclaration)
    return { status: 503, code: "unreadable_declaration", title: "Not readable here", message: error.message };
  if (isObjectAway(error)) return { status: 503, code: "storage_unavailable", title: "Not now", message: OBJECT_AWAY };
  if (error instanceof SettingsError)
    return { status: 503, code: "not_configured", title: "Not configured", message: error.message };
  return {
    status: 500,
    code: "internal",
    title: "Something went wrong",
    message: "something went wrong here; the log has the details",
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
