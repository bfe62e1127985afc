/**
 * One upstream movement: what was told, and what each stack made of it.
 *
 * @module
 */
import { Hono } from "hono";
import { ApiError, type AppEnv } from "../api/http.ts";
import { eventView } from "../api/record-views.ts";
import { listAttempts } from "../store/attempts.ts";
import { findEvent } from "../store/flow-events.ts";
import { page } from "./frame.tsx";
import { Moment, Outside, path, StackLink, Status, When } from "./words.tsx";

/** Attempts shown of an event, newest first. */
const ROWS = 100;

export const eventPages = new Hono<AppEnv>();

eventPages.get("/events/:id", async (c) => {
  const id = c.req.param("id");
  const [row, attempts] = await Promise.all([findEvent(c.var.db, id), listAttempts(c.var.db, { eventId: id }, ROWS)]);
  if (row === undefined) throw new ApiError("not_found", `there is no event '${id}'`);
  const { type, receivedAt, sourceId, stackIds, payload } = eventView(row);
  const { entry, repo, moved } = payload;
  const name = entry.tag ?? entry.ref ?? entry.sha?.slice(0, 10) ?? entry.title ?? id;
  return page(c, { title: name, every: 15 }, ({ now }) => (
    <>
      <h1>
        <code>{name}</code>
      </h1>
      <p class="lead">
        {repo?.fullName} {type.replace("upstream.", "").replaceAll("_", " ")} ·{" "}
        <Outside href={entry.url}>{entry.title ?? entry.url}</Outside>
      </p>
      <dl class="facts">
        <dt>Event</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Received</dt>
        <dd>
          <Moment at={receivedAt} />
          {sourceId === undefined ? null : (
            <>
              {" "}
              from <a href={path.source(sourceId)}>{sourceId}</a>
            </>
          )}
        </dd>
        {entry.author === undefined ? null : (
          <>
            <dt>Author</dt>
            <dd>{entry.author}</dd>
          </>
        )}
        {entry.sha === undefined ? null : (
          <>
            <dt>Commit</dt>
            <dd>
              <code>{entry.sha}</code>
            </dd>
          </>
        )}
        {moved === undefined ? null : (
          <>
            <dt>Moved</dt>
            <dd>
              from <code>{moved.from}</code> to <code>{moved.to}</code>
            </dd>
          </>
        )}
        <dt>Stacks</dt>
        <dd>
          {stackIds.length === 0 ? <span class="none">none: it was recorded only</span> : null}
          {stackIds.map((stack, i) => (
            <>
              {i === 0 ? null : ", "}
              <StackLink id={stack} />
            </>
          ))}
        </dd>
      </dl>
      <section id="attempts" data-part aria-labelledby="attempts-title">
        <h2 id="attempts-title">Attempts</h2>
        {attempts.length === 0 ? <p class="none">None.</p> : null}
        <ul class="ledger">
          {attempts.slice(0, ROWS).map((attempt) => (
            <li>
              <span>
                <a href={path.attempt(attempt.id)}>{attempt.id}</a> <Status of={attempt.status} />{" "}
                <span class="soft">{attempt.reason?.message}</span>
              </span>
              <When at={attempt.updatedAt} now={now} />
            </li>
          ))}
        </ul>
        {attempts.length > ROWS ? <p class="soft">And older ones.</p> : null}
      </section>
    </>
  ));
});
