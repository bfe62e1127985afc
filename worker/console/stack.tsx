/**
 * One stack: where it stands, what it has been through, its patches over time, and why a version is where it is.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { channelsOf } from "../api/channels.ts";
import { ApiError, type AppEnv, page as cut, decodeCursor, scope } from "../api/http.ts";
import { stackObject } from "../api/object.ts";
import { attemptView, forecastView } from "../api/record-views.ts";
import { whyOf } from "../api/stack-why.ts";
import { setPaused } from "../api/stacks.ts";
import type { MaintenanceAttempt } from "../contract/attempt.ts";
import { OPEN_STATUSES } from "../contract/attempt.ts";
import { repositoriesOf, type StackConfig } from "../contract/stack.ts";
import { listForecasts } from "../store/forecasts.ts";
import { readStackRecord, type StackRecord } from "../store/stack-record.ts";
import { Stages } from "./attempt-stages.tsx";
import { Channels } from "./channels.tsx";
import { ForecastView } from "./forecast.tsx";
import { Act } from "./form.tsx";
import { page } from "./frame.tsx";
import { HalfRestored } from "./half-restored.tsx";
import { PatchHeat } from "./patch-heat.tsx";
import { WhyAnswer } from "./why.tsx";
import { duration, Outside, path, Status, subject, When } from "./words.tsx";

const ATTEMPTS = 25;

const LANDINGS: Record<StackConfig["policy"]["landing"], string> = {
  manual: "by a person",
  auto: "by itself after verification",
  after_checks: "by itself once the forge’s checks are green",
};

/** Forecasts that the line of the drift is drawn through. */
const FORECASTS = 60;

const Query = z.object({ version: z.string().trim().max(250).optional(), cursor: z.string().max(64).optional() });

export const stackPages = new Hono<AppEnv>();

stackPages.get("/stacks/:id", async (c) => {
  const id = c.req.param("id");
  const parsed = Query.safeParse(c.req.query());
  if (!parsed.success) throw new ApiError("invalid_request", "a version has 250 characters at most");
  const { version = "", cursor } = parsed.data;
  const [record, forecasts, why] = await Promise.all([
    readStackRecord(c.var.db, id, ATTEMPTS, decodeCursor(cursor)),
    listForecasts(c.var.db, id, FORECASTS),
    version === "" ? undefined : whyOf(c.var.db, id, version),
  ]);
  if (record === undefined) throw new ApiError("not_found", `there is no stack '${id}'`);
  const { stack, restoring, brought } = record;
  const { rows, nextCursor } = cut(record.attempts, ATTEMPTS);
  const current = rows.find((row) => (OPEN_STATUSES as readonly string[]).includes(row.status));
  const progress = current?.status === "running" ? await stackObject(c.env, id).readProgress(current.id) : undefined;
  const gone = stack.deletedAt !== null;
  return page(c, { title: id, live: `${path.stack(id)}/events` }, (visit) => (
    <>
      <div id="stack" data-part>
        <h1>{id}</h1>
        <Where config={stack.config} />
        {restoring !== undefined ? (
          <HalfRestored restoring={restoring} now={visit.now} />
        ) : gone ? (
          <p class="note">
            Deleted <When at={stack.deletedAt ?? ""} now={visit.now} />; its records stay.
          </p>
        ) : null}
        {brought === undefined ? null : (
          <p class="note">
            Brought by {brought.actor} <When at={brought.at} now={visit.now} />, from an export of{" "}
            {brought.file.server ?? "a deployment"} of <When at={brought.file.at} now={visit.now} />.
          </p>
        )}
        {stack.paused ? (
          <p class="note warn">Paused: events are taken in, and nothing is handed out until it is unpaused.</p>
        ) : null}
        <Standing record={record} now={visit.now} />
        {visit.may("operate") && !gone ? (
          <div class="acts">
            <Act
              visit={visit}
              to={`${path.stack(id)}/${stack.paused ? "unpause" : "pause"}`}
              label={stack.paused ? "Unpause" : "Pause"}
            />
          </div>
        ) : null}
      </div>
      {/* There without an attempt too: what begins while somebody looks has its place. */}
      <section id="current" data-part aria-labelledby="current-title">
        <h2 id="current-title">Now</h2>
        {current === undefined ? (
          <p class="none">Nothing is under way.</p>
        ) : (
          <>
            <p>
              <a href={path.attempt(current.id)}>
                <code>{subject(current)}</code>
              </a>{" "}
              <Status of={current.status} /> <span class="soft">{current.reason?.message}</span>
            </p>
            <Stages attempt={attemptView(current)} progress={progress} now={visit.now} />
          </>
        )}
      </section>
      <div id="forecast" data-part>
        <ForecastView forecasts={forecasts.map(forecastView)} now={visit.now} />
      </div>
      <div id="channels" data-part>
        <Channels channels={channelsOf(stack)} now={visit.now} />
      </div>
      <div id="patches" data-part>
        <PatchHeat reports={record.reports} />
      </div>
      <section aria-labelledby="why-title">
        <h2 id="why-title">What became of a version</h2>
        <form class="find" method="get" action={path.stack(id)}>
          <div>
            <label for="version">Upstream version or tag</label>
            <input id="version" name="version" value={version} maxlength={250} required autocapitalize="off" />
          </div>
          <button type="submit">Look it up</button>
        </form>
        {why === undefined ? null : <WhyAnswer why={why} now={visit.now} />}
      </section>
      <section id="attempts" data-part aria-labelledby="attempts-title">
        <h2 id="attempts-title">Attempts</h2>
        <Attempts rows={rows.map(attemptView)} now={visit.now} />
        <nav class="pages" aria-label="Pages of attempts">
          {cursor === undefined ? null : <a href={path.stack(id)}>Newest</a>}
          {nextCursor === undefined ? null : <a href={`${path.stack(id)}?cursor=${nextCursor}`}>Older</a>}
        </nav>
      </section>
      <Policy config={stack.config} sourceIds={record.sourceIds} />
    </>
  ));
});

for (const action of ["pause", "unpause"] as const)
  stackPages.post(`/stacks/:id/${action}`, scope("operate"), async (c) => {
    const { id } = await setPaused(c, c.req.param("id"), action);
    return c.redirect(path.stack(id), 303);
  });

function Where({ config }: { config: StackConfig }) {
  const repositories = repositoriesOf(config);
  if (repositories === undefined) return <p class="lead">The work of flow packages, which know their repositories.</p>;
  const { upstream, fork, branch } = repositories;
  return (
    <p class="lead">
      <Outside href={upstream.url}>{upstream.url}</Outside> carried as <code>{branch}</code> in{" "}
      <Outside href={fork.url}>{fork.url}</Outside>
    </p>
  );
}

function Standing({ record: { stack, sourceIds }, now }: { record: StackRecord; now: number }) {
  const { carried, highestTag } = stack;
  return (
    <dl class="facts">
      <dt>Carried</dt>
      <dd>
        {carried === null ? (
          <span class="none">nothing has landed yet</span>
        ) : (
          <>
            <code>{carried.tag ?? carried.oid.slice(0, 10)}</code>{" "}
            <span class="soft">
              <When at={carried.landedAt} now={now} />
            </span>
          </>
        )}
      </dd>
      <dt>Newest upstream</dt>
      <dd>
        {highestTag === null ? <span class="none">none accepted yet</span> : <code>{highestTag}</code>}
        {highestTag !== null && highestTag === carried?.tag ? <span class="good"> carried</span> : null}
      </dd>
      <dt>Fed by</dt>
      <dd>
        {sourceIds.length === 0 ? (
          <span class="warn">no source: nothing tells this stack of releases</span>
        ) : (
          sourceIds.map((source, i) => (
            <>
              {i === 0 ? null : ", "}
              <a href={path.source(source)}>{source}</a>
            </>
          ))
        )}
      </dd>
    </dl>
  );
}

function Attempts({ rows, now }: { rows: readonly MaintenanceAttempt[]; now: number }) {
  if (rows.length === 0) return <p class="none">None yet: the next release that the policy lets through starts one.</p>;
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Number</th>
          <th scope="col">Onto</th>
          <th scope="col">State</th>
          <th scope="col">Why</th>
          <th scope="col">Took</th>
          <th scope="col">Changed</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((attempt) => (
          <tr>
            <td data-th="Number">
              <a href={path.attempt(attempt.id)} aria-label={`Attempt ${attempt.number}`}>
                {attempt.number}
              </a>
            </td>
            <td data-th="Onto">
              <code>{subject(attempt)}</code>
              {attempt.operation === "maintain" ? null : <span class="soft"> {attempt.operation}</span>}
            </td>
            <td class="tight">
              <Status of={attempt.status} />
            </td>
            <td class="soft">{attempt.reason?.message}</td>
            <td data-th="Took">
              {attempt.startedAt === undefined || attempt.endedAt === undefined
                ? null
                : duration(attempt.startedAt, attempt.endedAt)}
            </td>
            <td data-th="Changed">
              <When at={attempt.updatedAt} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Policy({ config }: { config: StackConfig; sourceIds: readonly string[] }) {
  const { policy } = config;
  const { releases, deadlines } = policy;
  const facts: [string, unknown][] = [
    ["A newer event", policy.onNewer === "supersede" ? "takes the place of an open attempt" : "waits for its turn"],
    ["Releases", releases.include.length === 0 ? "every tag" : releases.include.join(", ")],
    ["Left out", releases.exclude.length === 0 ? undefined : releases.exclude.join(", ")],
    ["Before the version", releases.prefix],
    ["Prereleases", releases.prereleases ? "count" : "do not count"],
    ["Verify", policy.verify.length === 0 ? "nothing" : policy.verify.join(" && ")],
    ["Resolver", policy.resolver],
    ["Work", policy.work === "flow" ? "flow packages of the runner’s workspace" : "replay of the patches"],
    ["Candidate", policy.candidateRef],
    ["Landing", LANDINGS[policy.landing]],
    ["Driver", policy.driver],
    ["Runner labels", policy.runnerLabels.length === 0 ? undefined : policy.runnerLabels.join(", ")],
    ["Deadlines", `${deadlines.startSeconds} s to start, ${deadlines.attemptSeconds} s to work`],
    ["Automatic retries", String(policy.automaticRetries)],
  ];
  return (
    <section aria-labelledby="policy-title">
      <h2 id="policy-title">Policy</h2>
      <dl class="facts">
        {facts.map(([name, value]) =>
          typeof value === "string" ? (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ) : null,
        )}
      </dl>
      <p class="soft small">
        Declared in <code>patch-moi.json</code>; changed with <code>patch.moi apply</code>.
      </p>
    </section>
  );
}
