/**
 * One attempt: where it stands, what can be done, what its report says, and everything that happened.
 *
 * @module
 */
import type { Context } from "hono";
import { Hono } from "hono";
import { z } from "zod";
import { promote } from "../api/channels.ts";
import { tryAgain } from "../api/flow-events.ts";
import { ApiError, type AppEnv, scope } from "../api/http.ts";
import { operate, readAttempt } from "../api/maintenance-attempts.ts";
import { granted, stackObject } from "../api/object.ts";
import { attemptView, timelineView } from "../api/record-views.ts";
import { isTerminal, type MaintenanceAttempt, NoteInput, ResumeInput } from "../contract/attempt.ts";
import type { FlowEvent } from "../contract/flow-event.ts";
import { type AttemptRecord, readAttemptRecord } from "../store/attempt-record.ts";
import { findReport } from "../store/attempts.ts";
import { AttemptActs } from "./attempt-acts.tsx";
import { Candidates, Dispatches, Timeline } from "./attempt-history.tsx";
import { Stages } from "./attempt-stages.tsx";
import { Promote } from "./channels.tsx";
import { page } from "./frame.tsx";
import { EarlierReports, StackReportView } from "./report.tsx";
import { formOf } from "./visit.ts";
import { duration, Listing, Moment, path, StackLink, Status, shortRef, subject, When } from "./words.tsx";

export const attemptPages = new Hono<AppEnv>();

attemptPages.get("/attempts/:id", async (c) => {
  const record = await attemptRecord(c, c.req.param("id"));
  const attempt = attemptView(record.attempt);
  const object = stackObject(c.env, attempt.stackId);
  const [{ may, promote: promotions }, progress] = await Promise.all([
    object.prospects(attempt.stackId, attempt.id, attempt.eventId).then((answer) => granted(answer)),
    attempt.status === "running" ? object.readProgress(attempt.id) : undefined,
  ]);
  const head = { title: `${subject(attempt)} in ${attempt.stackId}`, live: `${path.stack(attempt.stackId)}/events` };
  return page(c, head, (visit) => (
    <>
      <div id="attempt" data-part>
        <h1>
          <StackLink id={attempt.stackId} /> <code>{subject(attempt)}</code>
        </h1>
        <p class="lead">
          <Status of={attempt.status} /> · {OPERATIONS[attempt.operation]} · attempt {attempt.number} ·{" "}
          <When at={attempt.updatedAt} now={visit.now} />
        </p>
        {attempt.reason === undefined ? null : (
          <div class={`note ${isTerminal(attempt.status) ? "" : "warn"}`}>
            <p>{attempt.reason.message}</p>
          </div>
        )}
        <Stages attempt={attempt} progress={progress} now={visit.now} />
        <Facts attempt={attempt} event={record.event?.payload.entry} now={visit.now} />
      </div>
      <section id="acts" data-part aria-labelledby="acts-title">
        <h2 id="acts-title">What you can do</h2>
        <AttemptActs visit={visit} attempt={attempt} may={may} />
        <Promote
          visit={visit}
          attemptId={attempt.id}
          candidateId={record.candidates.find(({ kind }) => kind === "branch")?.id}
          promote={promotions}
        />
      </section>
      <div id="outcome" data-part>
        <Candidates of={record.candidates} stack={record.stack} now={visit.now} />
        {record.report === undefined ? null : <StackReportView report={record.report.report} attemptId={attempt.id} />}
        <EarlierReports of={record.earlierReports} now={visit.now} />
      </div>
      <Log attempt={attempt} />
      <div id="history" data-part>
        <Timeline entries={record.timeline.map(timelineView)} />
        <Dispatches of={record.dispatches} now={visit.now} />
      </div>
    </>
  ));
});

attemptPages.get("/attempts/:id/range-diff", async (c) => {
  const { id } = await readAttempt(c.var.db, c.req.param("id"));
  const found = await findReport(c.var.db, id);
  if (found === undefined) throw new ApiError("not_found", `${id} has no report`);
  // Upstream's own text: never to be taken for a page.
  return c.text(found.report.rangeDiff);
});

for (const type of ["retry", "replay"] as const)
  attemptPages.post(`/attempts/:id/${type}`, scope("operate"), async (c) => {
    const { eventId, stackId } = await readAttempt(c.var.db, c.req.param("id"));
    const { attempt } = await tryAgain(c, type, eventId, stackId);
    return c.redirect(path.attempt(attempt.id), 303);
  });

for (const type of ["cancel", "land"] as const)
  attemptPages.post(`/attempts/:id/${type}`, scope("operate"), async (c) => {
    const { attempt } = await operate(c, { type, attemptId: c.req.param("id") });
    return c.redirect(path.attempt(attempt.id), 303);
  });

attemptPages.post("/attempts/:id/promote", scope("operate"), async (c) => {
  const { candidateId = "", channel = "" } = await formOf(c);
  const { attempt } = await promote(c, candidateId, channel);
  return c.redirect(path.attempt(attempt.id), 303);
});

attemptPages.post("/attempts/:id/resume", scope("operate"), async (c) => {
  const form = await formOf(c);
  const resolvedRef = form.resolvedRef?.trim() ?? "";
  const input = { note: form.note?.trim(), ...(resolvedRef === "" ? {} : { resolvedRef }) };
  const parsed = ResumeInput.safeParse(input);
  if (!parsed.success)
    throw new ApiError("invalid_request", "write a note of up to 4000 characters; a resolved ref has 250 at most");
  await operate(c, { type: "resume", attemptId: c.req.param("id"), ...parsed.data });
  return c.redirect(backTo(form.back, c.req.param("id")), 303);
});

attemptPages.post("/attempts/:id/dismiss", scope("operate"), async (c) => {
  const form = await formOf(c);
  const parsed = NoteInput.safeParse({ note: form.note?.trim() });
  if (!parsed.success) throw new ApiError("invalid_request", "write a note of up to 4000 characters: why it is closed");
  await operate(c, { type: "dismiss", attemptId: c.req.param("id"), note: parsed.data.note });
  return c.redirect(backTo(form.back, c.req.param("id")), 303);
});

const Back = z.literal("interventions");

/** The queue goes on where it was left; else the attempt is shown. */
function backTo(back: string | undefined, id: string): string {
  return Back.safeParse(back).success ? "/console/interventions" : path.attempt(id);
}

async function attemptRecord(c: Context<AppEnv>, id: string): Promise<AttemptRecord> {
  const record = await readAttemptRecord(c.var.db, id);
  if (record === undefined) throw new ApiError("not_found", `there is no attempt '${id}'`);
  return record;
}

const OPERATIONS: Record<MaintenanceAttempt["operation"], string> = {
  maintain: "carry the stack",
  retry: "retry",
  replay: "replay",
  land: "landing",
  promote: "promotion",
};

type FactsProps = { attempt: MaintenanceAttempt; event: FlowEvent["payload"]["entry"] | undefined; now: number };

function Facts({ attempt, event, now }: FactsProps) {
  const link = (id: string) => <a href={path.attempt(id)}>{id}</a>;
  return (
    <dl class="facts">
      <dt>Onto</dt>
      <dd>
        <code>{shortRef(attempt.onto)}</code>
      </dd>
      <dt>Event</dt>
      <dd>
        <a href={path.event(attempt.eventId)}>{event?.title ?? attempt.eventId}</a>
      </dd>
      <dt>Began</dt>
      <dd>
        <Moment at={attempt.createdAt} />
        {attempt.startedAt === undefined || attempt.endedAt === undefined
          ? null
          : `, worked ${duration(attempt.startedAt, attempt.endedAt)}`}
      </dd>
      {attempt.runner === undefined ? null : (
        <>
          <dt>Runner</dt>
          <dd>
            {attempt.runner.name} <span class="soft">{attempt.runner.version}</span>
          </dd>
        </>
      )}
      {attempt.resume === undefined ? null : (
        <>
          <dt>Resumed</dt>
          <dd>
            {attempt.resume.note}
            {attempt.resume.resolvedRef === undefined ? null : (
              <>
                {" "}
                with <code>{attempt.resume.resolvedRef}</code>
              </>
            )}
          </dd>
        </>
      )}
      {attempt.landsAttemptId === undefined ? null : (
        <>
          <dt>Lands</dt>
          <dd>{link(attempt.landsAttemptId)}</dd>
        </>
      )}
      {attempt.relatedAttemptId === undefined ? null : (
        <>
          <dt>{attempt.status === "superseded" ? "Taken over by" : "Follows"}</dt>
          <dd>{link(attempt.relatedAttemptId)}</dd>
        </>
      )}
      {attempt.nextActionAt === undefined || isTerminal(attempt.status) ? null : (
        <>
          <dt>Looked at again</dt>
          <dd>
            <When at={attempt.nextActionAt} now={now} />
          </dd>
        </>
      )}
      {attempt.cancelRequested && !isTerminal(attempt.status) ? (
        <>
          <dt>Cancel</dt>
          <dd>asked for; the runner is told at its next heartbeat</dd>
        </>
      ) : null}
    </dl>
  );
}

/** Outside of the parts that are put in anew: what has been followed so far stays. */
function Log({ attempt }: { attempt: MaintenanceAttempt }) {
  const open = attempt.status === "running";
  const address = `${path.attempt(attempt.id)}/log`;
  return (
    <section aria-labelledby="log-title">
      <h2 id="log-title">
        Log{" "}
        <a class="more" href={address}>
          as text
        </a>
      </h2>
      <details data-follow={address} open={open}>
        <summary>What the runner wrote</summary>
        <Listing label="Runner’s log" />
        <noscript>
          <p>Following needs the script; the link above gives the text.</p>
        </noscript>
      </details>
    </section>
  );
}
