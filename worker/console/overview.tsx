/**
 * The overview: what waits, what moved, what was carried, and every stack in a row.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { ApiError, type AppEnv } from "../api/http.ts";
import { interventionsPage } from "../api/interventions.ts";
import type { Intervention } from "../contract/intervention.ts";
import { Name } from "../contract/primitives.ts";
import { type CarriedLine, type Movement, readOverview, StackFilter } from "../store/overview.ts";
import { page } from "./frame.tsx";
import { Stacks } from "./overview-stacks.tsx";
import { gist, Outside, path, StackLink, subject, When } from "./words.tsx";

const ROWS = 50;

/** Shown of what waits; the rest has a page of its own. */
const WAITING = 8;

const Query = z.object({
  find: z.string().max(200).default(""),
  show: StackFilter.default("all"),
  after: z.union([z.literal(""), Name]).default(""),
});
type Query = z.infer<typeof Query>;

const FILTERS: Record<StackFilter, string> = {
  all: "all stacks",
  waits: "what waits for me",
  working: "at work now",
  paused: "paused",
};

export const overview = new Hono<AppEnv>();

overview.get("/", async (c) => {
  const parsed = Query.safeParse(c.req.query());
  if (!parsed.success) throw new ApiError("invalid_request", "that is no address of the overview; start from /console");
  const query = parsed.data;
  const [{ stacks, moved, carried }, { interventions, nextCursor }] = await Promise.all([
    readOverview(c.var.db, { ...query, find: query.find.trim(), limit: ROWS }),
    interventionsPage(c.var.db, WAITING, undefined),
  ]);
  const shown = stacks.slice(0, ROWS);
  const next = stacks.length > ROWS ? shown.at(-1)?.id : undefined;
  return page(c, { title: "Overview", place: "/console", every: 15 }, ({ now }) => (
    <>
      <h1 class="unseen">Overview</h1>
      <section id="waiting" data-part aria-labelledby="waiting-title">
        <h2 id="waiting-title">
          Waits for you{" "}
          {interventions.length > 0 ? (
            <a class="more" href="/console/interventions">
              {nextCursor === undefined ? "work through them" : "all of them"}
            </a>
          ) : null}
        </h2>
        {interventions.length === 0 ? (
          <p class="calm">Nothing waits for a decision.</p>
        ) : (
          <ul class="waits">
            {interventions.map((item) => (
              <Waiting item={item} now={now} />
            ))}
          </ul>
        )}
      </section>
      <div class="halves" id="latest" data-part>
        <section aria-labelledby="moved-title">
          <h2 id="moved-title">Moved upstream</h2>
          {moved.length === 0 ? <p class="none">No movement has been accepted yet.</p> : null}
          <ul class="ledger">
            {moved.map((movement) => (
              <Moved movement={movement} now={now} />
            ))}
          </ul>
        </section>
        <section aria-labelledby="carried-title">
          <h2 id="carried-title">Carried</h2>
          {carried.length === 0 ? <p class="none">No attempt has produced a candidate yet.</p> : null}
          <ul class="ledger">
            {carried.map((line) => (
              <Carried line={line} now={now} />
            ))}
          </ul>
        </section>
      </div>
      <section aria-labelledby="stacks-title">
        <h2 id="stacks-title">Stacks</h2>
        <Find query={query} />
        <div id="stacks" data-part>
          <Stacks stacks={shown} now={now} picked={address(query) !== "/console"} />
          <nav class="pages" aria-label="Pages of stacks">
            {query.after === "" ? null : <a href={address({ ...query, after: "" })}>First page</a>}
            {next === undefined ? null : <a href={address({ ...query, after: next })}>Next {ROWS}</a>}
          </nav>
        </div>
      </section>
    </>
  ));
});

function Find({ query }: { query: Query }) {
  return (
    <search>
      <form class="find" method="get" action="/console">
        <div>
          <label for="find">Stack or upstream</label>
          <input id="find" name="find" type="search" value={query.find} maxlength={200} />
        </div>
        <div>
          <label for="show">Show</label>
          <select id="show" name="show">
            {StackFilter.options.map((option) => (
              <option value={option} selected={query.show === option}>
                {FILTERS[option]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">Find</button>
        {query.find !== "" || query.show !== "all" ? <a href="/console">Show all</a> : null}
      </form>
    </search>
  );
}

function Waiting({ item, now }: { item: Intervention; now: number }) {
  return (
    <li>
      <span>
        {item.stackId !== undefined ? <StackLink id={item.stackId} /> : null}
        {item.sourceId !== undefined ? (
          <a class="name" href={path.source(item.sourceId)}>
            {item.sourceId}
          </a>
        ) : null}
      </span>
      <span class="why">
        {item.attemptId === undefined ? (
          gist(item.reason.message)
        ) : (
          <a href={path.attempt(item.attemptId)}>{gist(item.reason.message)}</a>
        )}
      </span>
      <span class="age">
        <When at={item.since} now={now} />
      </span>
    </li>
  );
}

function Moved({ movement, now }: { movement: Movement; now: number }) {
  const { stackIds } = movement;
  return (
    <li>
      <span>
        <a href={path.event(movement.id)}>
          <code>{movement.tag ?? movement.title ?? movement.id}</code>
        </a>{" "}
        <span class="soft">
          {stackIds.length === 0 ? "recorded only" : `to ${stackIds.slice(0, 3).join(", ")}`}
          {stackIds.length > 3 ? ` and ${stackIds.length - 3} more` : ""}
        </span>{" "}
        {movement.url === null ? null : <Outside href={movement.url}>notes</Outside>}
      </span>
      <When at={movement.receivedAt} now={now} />
    </li>
  );
}

function Carried({ line, now }: { line: CarriedLine; now: number }) {
  return (
    <li>
      <span>
        <StackLink id={line.stackId} />{" "}
        <a href={path.attempt(line.id)}>
          {line.operation === "land" ? "landed " : line.operation === "promote" ? "promoted " : ""}
          <code>{subject(line)}</code>
        </a>
      </span>
      <When at={line.endedAt} now={now} />
    </li>
  );
}

function address(query: Query): string {
  const given = Object.entries(query).filter(([name, value]) => value !== "" && !(name === "show" && value === "all"));
  const text = new URLSearchParams(given).toString();
  return text === "" ? "/console" : `/console?${text}`;
}
