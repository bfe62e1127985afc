/**
 * What every page stands in: head, navigation, who is signed in.
 *
 * @module
 */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import packageJson from "../../package.json" with { type: "json" };
import type { AppEnv } from "../api/http.ts";
import { assetPath } from "./assets.ts";
import { Act } from "./form.tsx";
import { type Visit, visitOf } from "./visit.ts";

const PLACES = [
  { path: "/console", name: "Overview" },
  { path: "/console/interventions", name: "Interventions" },
  { path: "/console/sources", name: "Sources" },
  { path: "/console/runners", name: "Runners" },
  { path: "/console/tokens", name: "Tokens", scope: "admin" },
  { path: "/console/dead-letters", name: "Dead letters" },
] as const;

export type PageHead = {
  title: string;
  /** Path of the navigation's entry that the page belongs to. */
  place?: (typeof PLACES)[number]["path"];
  /** Address of the events that tell of changes. */
  live?: string;
  /** Without such events: look again every so many seconds. */
  every?: number;
};

/** Answers with a page for somebody who is signed in. */
export function page(c: Context<AppEnv>, head: PageHead, body: (visit: Visit) => Child, status: 200 | 201 = 200) {
  const visit = visitOf(c);
  return html(
    c,
    <Shell {...head}>
      <header>
        <div class="bar">
          <a class="mark" href="/console">
            patch.moi
          </a>
          <nav aria-label="Console">
            <ul>
              {PLACES.filter((place) => !("scope" in place) || visit.may(place.scope)).map(({ path, name }) => (
                <li>
                  <a href={path} aria-current={head.place === path ? "page" : undefined}>
                    {name}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <div class="who">
            <span>
              {visit.actor} <span class="chip">{widest(visit)}</span>
            </span>
            <Act visit={visit} to="/console/logout" label="Sign out" look="plain" />
          </div>
        </div>
      </header>
      <main id="main">{body(visit)}</main>
      <footer>
        patch.moi {packageJson.version} · <a href="/console/api">API</a> · <a href="/docs/">Documentation</a>
      </footer>
    </Shell>,
    status,
  );
}

/** Answers with a page for anybody: the door, and refusals. */
export function bare(c: Context<AppEnv>, title: string, body: Child, status: number = 200) {
  return html(
    c,
    <Shell title={title}>
      <main id="main" class="bare">
        {body}
      </main>
    </Shell>,
    status,
  );
}

function html(c: Context<AppEnv>, document: { toString(): string | Promise<string> }, status: number) {
  return c.html(`<!DOCTYPE html>${String(document)}`, status as 200);
}

function Shell({ title, live, every, children }: PageHead & { children?: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{title} · patch.moi</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={assetPath("icon")} type="image/svg+xml" />
        <link rel="stylesheet" href={assetPath("style")} />
        <script src={assetPath("script")} defer></script>
      </head>
      <body data-live={live} data-every={every}>
        <a class="skip" href="#main">
          To the content
        </a>
        {children}
      </body>
    </html>
  );
}

function widest(visit: Visit): string {
  return visit.may("admin") ? "admin" : visit.may("operate") ? "operate" : "read";
}
