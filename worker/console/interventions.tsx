/**
 * The working queue: everything that waits for a person, with the act in its place. And dead letters alone.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { ApiError, type AppEnv, scope } from "../api/http.ts";
import { interventionsPage, redrive } from "../api/interventions.ts";
import type { Intervention } from "../contract/intervention.ts";
import { type DeadLetter, listDeadLetters } from "../store/interventions.ts";
import { Dismiss, Resume } from "./attempt-acts.tsx";
import { Act } from "./form.tsx";
import { page } from "./frame.tsx";
import { formOf, type Visit } from "./visit.ts";
import { path, StackLink, When } from "./words.tsx";

const ROWS = 30;

export const interventionPages = new Hono<AppEnv>();

interventionPages.get("/interventions", async (c) => {
  const cursor = c.req.query("cursor");
  const { interventions, nextCursor } = await interventionsPage(c.var.db, ROWS, cursor);
  return page(c, { title: "Interventions", place: "/console/interventions", every: 15 }, (visit) => (
    <>
      <h1>Interventions</h1>
      <p class="lead">What nobody but a person can move on, oldest first.</p>
      <div id="interventions" data-part>
        {interventions.length === 0 ? (
          <p class="calm">Nothing waits for a decision.</p>
        ) : (
          <ul class="waits">
            {interventions.map((item) => (
              <Item item={item} visit={visit} />
            ))}
          </ul>
        )}
        <nav class="pages" aria-label="Pages of interventions">
          {cursor === undefined ? null : <a href="/console/interventions">Oldest</a>}
          {nextCursor === undefined ? null : (
            <a href={`/console/interventions?cursor=${encodeURIComponent(nextCursor)}`}>Next {ROWS}</a>
          )}
        </nav>
      </div>
    </>
  ));
});

interventionPages.post("/interventions/redrive", scope("operate"), async (c) => {
  const { id, back } = await formOf(c);
  if (id === undefined) throw new ApiError("invalid_request", "the form names no dead letter");
  await redrive(c, id);
  return c.redirect(back === "dead-letters" ? "/console/dead-letters" : "/console/interventions", 303);
});

interventionPages.get("/dead-letters", async (c) => {
  const after = Place.safeParse({ since: c.req.query("since") ?? "", id: c.req.query("id") ?? "" });
  if (!after.success) throw new ApiError("invalid_request", "that is no page of dead letters");
  const letters = await listDeadLetters(c.var.db, ROWS + 1, after.data);
  const shown = letters.slice(0, ROWS);
  const last = letters.length > ROWS ? shown.at(-1) : undefined;
  return page(c, { title: "Dead letters", place: "/console/dead-letters", every: 15 }, (visit) => (
    <>
      <h1>Dead letters</h1>
      <p class="lead">Notifications and other effects that were tried often and given up, oldest first.</p>
      <div id="dead-letters" data-part>
        {shown.length === 0 ? <p class="calm">None.</p> : <Letters letters={shown} visit={visit} />}
        {last === undefined ? null : (
          <nav class="pages" aria-label="Pages of dead letters">
            <a
              href={`/console/dead-letters?since=${encodeURIComponent(last.createdAt)}&id=${encodeURIComponent(last.id)}`}
            >
              Next {ROWS}
            </a>
          </nav>
        )}
      </div>
    </>
  ));
});

const Place = z.object({ since: z.string().max(40), id: z.string().max(300) });

function Letters({ letters, visit }: { letters: readonly DeadLetter[]; visit: Visit }) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Effect</th>
          <th scope="col">Of</th>
          <th scope="col">Why it was given up</th>
          <th scope="col">Since</th>
          {visit.may("operate") ? <th scope="col">Act</th> : null}
        </tr>
      </thead>
      <tbody>
        {letters.map((letter) => (
          <tr>
            <td>
              {letter.kind} <span class="soft">{letter.tries} tries</span>
            </td>
            <td data-th="Of">
              {letter.attemptId === null ? (
                <StackLink id={letter.stackId} />
              ) : (
                <a href={path.attempt(letter.attemptId)}>{letter.attemptId}</a>
              )}
            </td>
            <td>{letter.lastError ?? "given up"}</td>
            <td data-th="Since">
              <When at={letter.createdAt} now={visit.now} />
            </td>
            {visit.may("operate") ? (
              <td>
                <Redrive id={`effect:${letter.id}`} visit={visit} back="dead-letters" />
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Redrive({ id, visit, back }: { id: string; visit: Visit; back: string }) {
  return <Act visit={visit} to="/console/interventions/redrive" label="Send again" on={id} fields={{ id, back }} />;
}

function Item({ item, visit }: { item: Intervention; visit: Visit }) {
  return (
    <li>
      <span>
        {item.stackId === undefined ? null : <StackLink id={item.stackId} />}
        {item.sourceId === undefined ? null : (
          <a class="name" href={path.source(item.sourceId)}>
            {item.sourceId}
          </a>
        )}
        {item.attemptId === undefined ? null : (
          <span class="sub small">
            {" "}
            <a href={path.attempt(item.attemptId)}>{item.attemptId}</a>
          </span>
        )}
      </span>
      <span class="why">
        {item.reason.message} <span class="chip">{item.reason.code}</span>
      </span>
      <span class="age">
        <When at={item.since} now={visit.now} />
      </span>
      <div class="wide">{visit.may("operate") ? <InPlace item={item} visit={visit} /> : <WhatToDo item={item} />}</div>
    </li>
  );
}

/** What moves it on, here and now. */
function InPlace({ item, visit }: { item: Intervention; visit: Visit }) {
  if (item.kind === "attempt" && item.attemptId !== undefined)
    return (
      <div class="acts">
        <details id={`resume-${item.attemptId}`}>
          <summary>Resume</summary>
          <Resume visit={visit} attemptId={item.attemptId} back="interventions" />
        </details>
        <Dismiss visit={visit} attemptId={item.attemptId} back="interventions" />
        <Act visit={visit} to={`${path.attempt(item.attemptId)}/retry`} label="Retry" on={item.attemptId} />
      </div>
    );
  if (item.kind === "dead_letter")
    return (
      <div class="acts">
        <Redrive id={item.id} visit={visit} back="interventions" />
      </div>
    );
  if (item.sourceId !== undefined)
    return (
      <div class="acts">
        <Act visit={visit} to={`${path.source(item.sourceId)}/poll`} label="Poll now" on={item.sourceId} />
      </div>
    );
  return <WhatToDo item={item} />;
}

function WhatToDo({ item }: { item: Intervention }) {
  return (
    <ul class="soft small">
      {item.whatToDo.map((words) => (
        <li>{words}</li>
      ))}
    </ul>
  );
}
