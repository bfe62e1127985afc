/**
 * What an operator may do about an attempt. The stack's object says what is possible; a button that could
 * not act is not there, and its reason stands in its place.
 *
 * @module
 */
import type { Prospects } from "../../durable-objects/prospects.ts";
import type { MaintenanceAttempt } from "../contract/attempt.ts";
import { Act, Form } from "./form.tsx";
import type { Visit } from "./visit.ts";
import { path } from "./words.tsx";

const NAMES: Record<keyof Prospects, string> = {
  land: "Land",
  resume: "Resume",
  dismiss: "Dismiss",
  retry: "Retry",
  replay: "Replay",
  cancel: "Cancel",
};

type AttemptActsProps = { visit: Visit; attempt: MaintenanceAttempt; may: Prospects };

export function AttemptActs({ visit, attempt, may }: AttemptActsProps) {
  if (!visit.may("operate"))
    return <p class="none">Your token may only read; acting needs one with the scope “operate”.</p>;
  const to = (act: keyof Prospects) => `${path.attempt(attempt.id)}/${act}`;
  const not = (Object.keys(NAMES) as (keyof Prospects)[]).filter((act) => may[act] !== null);
  return (
    <>
      <div class="acts">
        {may.land === null ? <Act visit={visit} to={to("land")} label="Land the candidate" look="first" /> : null}
        {may.retry === null ? <Act visit={visit} to={to("retry")} label="Retry" /> : null}
        {may.replay === null ? <Act visit={visit} to={to("replay")} label="Replay" /> : null}
        {may.cancel === null && may.dismiss !== null ? (
          <Act visit={visit} to={to("cancel")} label="Cancel" look="danger" />
        ) : null}
      </div>
      {may.resume === null ? <Resume visit={visit} attemptId={attempt.id} /> : null}
      {may.dismiss === null ? <Dismiss visit={visit} attemptId={attempt.id} /> : null}
      {not.length === 0 ? null : (
        <details id="not-now">
          <summary class="small">Why not {list(not.map((act) => NAMES[act].toLowerCase()))}</summary>
          <dl class="facts small">
            {not.map((act) => (
              <>
                <dt>{NAMES[act]}</dt>
                <dd>{may[act]}</dd>
              </>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

type NoteFormProps = { visit: Visit; attemptId: string; back?: string };

/** The attempt goes on after a person acted. */
export function Resume({ visit, attemptId, back }: NoteFormProps) {
  const note = `resume-note-${attemptId}`;
  const ref = `resume-ref-${attemptId}`;
  return (
    <div class="inset">
      <Form visit={visit} to={`${path.attempt(attemptId)}/resume`}>
        {back === undefined ? null : <input type="hidden" name="back" value={back} />}
        <div class="fields">
          <div>
            <label for={note}>What was done</label>
            <textarea id={note} name="note" required maxlength={4000}></textarea>
          </div>
          <div>
            <label for={ref}>Branch in the fork that holds the resolution, if there is one</label>
            <input
              id={ref}
              name="resolvedRef"
              class="long mono"
              maxlength={250}
              autocapitalize="off"
              spellcheck={false}
            />
          </div>
          <div>
            <button type="submit" class="first">
              Resume
            </button>
          </div>
        </div>
      </Form>
    </div>
  );
}

/** A person closes an intervention without a result. */
export function Dismiss({ visit, attemptId, back }: NoteFormProps) {
  const note = `dismiss-note-${attemptId}`;
  return (
    <details id={`dismiss-${attemptId}`}>
      <summary>Dismiss it instead</summary>
      <div class="inset">
        <Form visit={visit} to={`${path.attempt(attemptId)}/dismiss`}>
          {back === undefined ? null : <input type="hidden" name="back" value={back} />}
          <div class="fields">
            <div>
              <label for={note}>Why nothing is to be done</label>
              <textarea id={note} name="note" required maxlength={4000}></textarea>
            </div>
            <div>
              <button type="submit" class="danger">
                Dismiss
              </button>
            </div>
          </div>
        </Form>
      </div>
    </details>
  );
}

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
