/**
 * What the record says about an upstream version in a stack.
 *
 * @module
 */
import type { Why, WhyFact } from "../contract/intervention.ts";
import { path, Status, When } from "./words.tsx";

export function WhyAnswer({ why, now }: { why: Why; now: number }) {
  return (
    <div class="inset">
      <p>
        <strong>{why.verdict.replaceAll("_", " ")}</strong>: {why.message}.
      </p>
      {why.facts.length === 0 ? (
        <p class="soft">Looked for the tags {why.tags.join(", ")}.</p>
      ) : (
        <ul class="ledger">
          {why.facts.map((fact) => (
            <li>
              <span>
                <Fact fact={fact} />
              </span>
              <When at={fact.at} now={now} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Fact({ fact }: { fact: WhyFact }) {
  if (fact.kind === "seen")
    return (
      <>
        told by {fact.sourceId === undefined ? "a source" : <a href={path.source(fact.sourceId)}>{fact.sourceId}</a>}:{" "}
        {fact.disposition}
        {fact.decision === undefined ? null : <span class="soft"> {fact.decision.message}</span>}
      </>
    );
  return (
    <>
      {fact.attemptId === undefined ? "attempt" : <a href={path.attempt(fact.attemptId)}>{fact.attemptId}</a>}{" "}
      {fact.status === undefined ? null : <Status of={fact.status} />}
      {fact.reason === undefined ? null : <span class="soft"> {fact.reason.message}</span>}
    </>
  );
}
