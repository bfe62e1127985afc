/**
 * Feed sources: how polling goes, what they told last, and polling now.
 *
 * @module
 */
import { Hono } from "hono";
import { signalView } from "../api/feed-signals.ts";
import { pollNow, readSource, sourceView } from "../api/feed-sources.ts";
import { type AppEnv, page as cut, decodeCursor, scope } from "../api/http.ts";
import type { FeedSignal } from "../contract/feed-signal.ts";
import { type FeedSource, stacksFed } from "../contract/feed-source.ts";
import type { Unreadable } from "../contract/unreadable.ts";
import { listSignals } from "../store/feed-entries.ts";
import { listSources } from "../store/feed-sources.ts";
import { Act } from "./form.tsx";
import { page } from "./frame.tsx";
import type { Visit } from "./visit.ts";
import { Mark, Outside, path, StackLink, seconds, When } from "./words.tsx";

const ROWS = 50;

export const sourcePages = new Hono<AppEnv>();

sourcePages.get("/sources", async (c) => {
  const cursor = c.req.query("cursor");
  const { rows, nextCursor } = cut(await listSources(c.var.db, ROWS, decodeCursor(cursor)), ROWS);
  return page(c, { title: "Sources", place: "/console/sources", every: 15 }, (visit) => (
    <>
      <h1>Sources</h1>
      <p class="lead">
        Where upstream’s movements are seen.{" "}
        {visit.may("operate") ? <a href="/console/preview">Preview a feed</a> : null}
      </p>
      <div id="sources" data-part>
        {rows.length === 0 ? (
          <p class="none">
            No source is declared yet: add one to <code>patch-moi.json</code>, or see with a preview what a feed would
            become.
          </p>
        ) : (
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">Source</th>
                <th scope="col">Feeds</th>
                <th scope="col">Health</th>
                <th scope="col">Last poll</th>
                <th scope="col">Next poll</th>
                {visit.may("operate") ? <th scope="col">Act</th> : null}
              </tr>
            </thead>
            <tbody>
              {rows.map((one) =>
                "row" in one ? (
                  <SourceLine source={sourceView(one.row)} visit={visit} />
                ) : (
                  <UnreadableLine source={one.unreadable} visit={visit} />
                ),
              )}
            </tbody>
          </table>
        )}
        <nav class="pages" aria-label="Pages of sources">
          {cursor === undefined ? null : <a href="/console/sources">Newest</a>}
          {nextCursor === undefined ? null : <a href={`/console/sources?cursor=${nextCursor}`}>Older</a>}
        </nav>
      </div>
    </>
  ));
});

sourcePages.get("/sources/:id", async (c) => {
  const id = c.req.param("id");
  const cursor = c.req.query("cursor");
  const [row, signals] = await Promise.all([
    readSource(c.var.db, id),
    listSignals(c.var.db, id, ROWS, decodeCursor(cursor)),
  ]);
  const source = sourceView(row);
  const { rows, nextCursor } = cut(signals, ROWS);
  return page(c, { title: id, place: "/console/sources", every: 15 }, (visit) => (
    <>
      <div id="source" data-part>
        <h1>{id}</h1>
        <p class="lead">
          {source.provider} {source.event} feed at <Outside href={source.url}>{source.url}</Outside>
        </p>
        <SourceFacts source={source} now={visit.now} />
        {visit.may("operate") ? (
          <div class="acts">
            <Act visit={visit} to={`${path.source(id)}/poll`} label="Poll now" />
          </div>
        ) : null}
      </div>
      <section id="signals" data-part aria-labelledby="signals-title">
        <h2 id="signals-title">What it told</h2>
        {rows.length === 0 ? (
          <p class="none">Nothing yet.</p>
        ) : (
          <ul class="ledger">
            {rows.map(signalView).map((signal) => (
              <Signal signal={signal} now={visit.now} />
            ))}
          </ul>
        )}
        <nav class="pages" aria-label="Pages of signals">
          {cursor === undefined ? null : <a href={path.source(id)}>Newest</a>}
          {nextCursor === undefined ? null : <a href={`${path.source(id)}?cursor=${nextCursor}`}>Older</a>}
        </nav>
      </section>
    </>
  ));
});

sourcePages.post("/sources/:id/poll", scope("operate"), async (c) => {
  const { id } = await pollNow(c, c.req.param("id"));
  return c.redirect(path.source(id), 303);
});

function SourceLine({ source, visit }: { source: FeedSource; visit: Visit }) {
  return (
    <tr>
      <td>
        <a class="name" href={path.source(source.id)}>
          {source.id}
        </a>
        <span class="sub">
          {source.provider} {source.event} · <Outside href={source.url}>{source.url}</Outside>
        </span>
      </td>
      <td data-th="Feeds">
        <Feeds source={source} />
      </td>
      <td data-th="Health">
        <Health source={source} />
      </td>
      <td data-th="Last poll">
        {source.health.lastPollAt === undefined ? (
          <span class="none">never</span>
        ) : (
          <When at={source.health.lastPollAt} now={visit.now} />
        )}
      </td>
      <td data-th="Next poll">
        {source.health.nextPollAt === undefined ? null : <When at={source.health.nextPollAt} now={visit.now} />}
      </td>
      {visit.may("operate") ? (
        <td>
          <Act visit={visit} to={`${path.source(source.id)}/poll`} label="Poll now" on={source.id} />
        </td>
      ) : null}
    </tr>
  );
}

/** A newer version declared it; this one shows that it is there. */
function UnreadableLine({ source: { id, problem }, visit }: { source: Unreadable; visit: Visit }) {
  return (
    <tr>
      <td>
        <span class="name">{id}</span>
      </td>
      <td data-th="Feeds">
        <span class="none">not known</span>
      </td>
      <td data-th="Health" colspan={visit.may("operate") ? 4 : 3}>
        <Mark tone="bad">unreadable</Mark>
        <span class="sub">This version does not know what it was declared with: {problem}</span>
      </td>
    </tr>
  );
}

function Feeds({ source }: { source: FeedSource }) {
  const stacks = stacksFed(source.id, source.target);
  if (stacks.length === 0) return <span class="none">recorded only</span>;
  return (
    <>
      {stacks.map((stack, i) => (
        <>
          {i === 0 ? null : ", "}
          <StackLink id={stack} />
        </>
      ))}
    </>
  );
}

function Health({ source }: { source: FeedSource }) {
  const { health } = source;
  if (!source.enabled) return <Mark tone="idle">disabled</Mark>;
  if (health.consecutiveFailures > 0)
    return (
      <>
        <Mark tone="bad">
          failed {health.consecutiveFailures === 1 ? "once" : `${health.consecutiveFailures} times`}
        </Mark>
        <span class="sub">{health.lastError?.message}</span>
      </>
    );
  if (health.gapSince !== undefined)
    return (
      <>
        <Mark tone="warn">
          {health.refsError === undefined ? "catching up on what its window missed" : "its window missed something"}
        </Mark>
        <span class="sub">{health.refsError?.message}</span>
      </>
    );
  if (!health.primed) return <Mark tone="idle">not polled yet</Mark>;
  return <Mark tone="good">{health.lastOutcome?.replaceAll("_", " ") ?? "primed"}</Mark>;
}

function SourceFacts({ source, now }: { source: FeedSource; now: number }) {
  const { health } = source;
  const times: [string, string | undefined][] = [
    ["Last poll", health.lastPollAt],
    ["Last good poll", health.lastSuccessAt],
    ["Next poll", health.nextPollAt],
    ["Gap since", health.gapSince],
  ];
  return (
    <dl class="facts">
      <dt>Health</dt>
      <dd>
        <Health source={source} />
      </dd>
      {times.map(([name, at]) =>
        at === undefined ? null : (
          <>
            <dt>{name}</dt>
            <dd>
              <When at={at} now={now} />
            </dd>
          </>
        ),
      )}
      {health.lastError === undefined ? null : (
        <>
          <dt>Last error</dt>
          <dd>
            {health.lastError.message} <code>{health.lastError.code}</code>{" "}
            <span class="soft">
              <When at={health.lastError.at} now={now} />
            </span>
          </dd>
        </>
      )}
      {health.refsError === undefined ? null : (
        <>
          <dt>Refs</dt>
          <dd>
            {health.refsError.message} <code>{health.refsError.code}</code>{" "}
            <span class="soft">
              <When at={health.refsError.at} now={now} />
            </span>
          </dd>
        </>
      )}
      {health.movedTo === undefined ? null : (
        <>
          <dt>Moved to</dt>
          <dd>
            <Outside href={health.movedTo}>{health.movedTo}</Outside>; adopt it in <code>patch-moi.json</code>
          </dd>
        </>
      )}
      <dt>Polled</dt>
      <dd>every {seconds(source.pollIntervalSeconds)}</dd>
      <dt>Feeds</dt>
      <dd>
        <Feeds source={source} />
      </dd>
    </dl>
  );
}

function Signal({ signal, now }: { signal: FeedSignal; now: number }) {
  const refused = signal.decisions.filter((decision) => !decision.pass);
  return (
    <li>
      <span>
        <code>{signal.tag ?? signal.ref ?? signal.sha?.slice(0, 10) ?? signal.entryId}</code>{" "}
        <Outside href={signal.url}>{signal.title}</Outside>{" "}
        <span class="soft">
          {signal.eventId === undefined ? (
            signal.disposition
          ) : (
            <a href={path.event(signal.eventId)}>{signal.disposition}</a>
          )}
          {signal.revision > 0 ? `, revision ${signal.revision}` : ""}
        </span>
        {refused.map((decision) => (
          <span class="sub soft small">
            {" "}
            {decision.stackId}: {decision.message}
          </span>
        ))}
      </span>
      <When at={signal.seenAt} now={now} />
    </li>
  );
}
