/**
 * What happened to an attempt: its timeline, its hand-overs, and the refs it produced.
 *
 * @module
 */
import type { TimelineEntry } from "../contract/attempt.ts";
import type { StoredCandidate, StoredDispatch } from "../store/dispatches.ts";
import type { StackRow } from "../store/rows.ts";
import { branchPage } from "./forge-links.ts";
import { duration, Moment, Oid, Outside, Status, shortRef, When } from "./words.tsx";

export function Timeline({ entries }: { entries: readonly TimelineEntry[] }) {
  return (
    <section aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <ol class="timeline">
        {entries.map((entry) => (
          <li>
            <Moment at={entry.at} />
            <span class="actor">{entry.actor}</span>
            <span>
              <Happened entry={entry} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Happened({ entry }: { entry: TimelineEntry }) {
  const reason = entry.reason === undefined ? null : <span class="soft"> {entry.reason.message}</span>;
  const resolvedRef = resolvedRefOf(entry.data);
  if (entry.to !== undefined)
    return (
      <>
        {entry.from === undefined ? null : <span class="soft">{entry.from.replaceAll("_", " ")} → </span>}
        <Status of={entry.to} />
        {reason}
      </>
    );
  return (
    <>
      {KINDS[entry.kind]}
      {reason}
      {resolvedRef === undefined ? null : (
        <>
          {" "}
          with <code>{resolvedRef}</code>
        </>
      )}
    </>
  );
}

const KINDS: Record<TimelineEntry["kind"], string> = {
  created: "created",
  transition: "",
  note: "note",
  evidence: "late report, kept as evidence",
  candidate: "candidate",
  outbox: "notification",
};

function resolvedRefOf(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null || !("resolvedRef" in data)) return undefined;
  return typeof data.resolvedRef === "string" ? data.resolvedRef : undefined;
}

export function Dispatches({ of, now }: { of: readonly StoredDispatch[]; now: number }) {
  return (
    <section aria-labelledby="dispatches-title">
      <h2 id="dispatches-title">Hand-overs</h2>
      {of.length === 0 ? (
        <p class="none">It has not been handed to anybody yet.</p>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Epoch</th>
              <th scope="col">Surface</th>
              <th scope="col">State</th>
              <th scope="col">Runner</th>
              <th scope="col">Handed over</th>
              <th scope="col">Held for</th>
            </tr>
          </thead>
          <tbody>
            {of.map((row) => (
              <tr>
                <td data-th="Epoch">{row.epoch}</td>
                <td data-th="Surface">{row.driver}</td>
                <td data-th="State">
                  {row.status}
                  {row.outcome === null ? null : <span class="soft"> {row.outcome.replaceAll("_", " ")}</span>}
                </td>
                <td data-th="Runner">{row.runner ?? <span class="none">none</span>}</td>
                <td data-th="Handed over">
                  <When at={row.createdAt} now={now} />
                </td>
                <td data-th="Held for">
                  {row.claimedAt === null || row.endedAt === null ? null : duration(row.claimedAt, row.endedAt)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function Candidates({ of, stack, now }: { of: readonly StoredCandidate[]; stack: StackRow; now: number }) {
  if (of.length === 0) return null;
  return (
    <section aria-labelledby="candidates-title">
      <h2 id="candidates-title">Candidate</h2>
      <ul class="ledger">
        {of.map((candidate) => (
          <li>
            <span>
              <span class="soft">{candidate.kind.replaceAll("_", " ")}</span>{" "}
              <Outside
                href={candidate.kind === "branch" ? branchPage(stack.config.fork?.url, candidate.ref) : candidate.ref}
              >
                <code>{shortRef(candidate.ref)}</code>
              </Outside>{" "}
              at <Oid of={candidate.oid} />
            </span>
            <span>
              {candidate.landedAt === null ? (
                <span class="warn">not landed</span>
              ) : (
                <span class="good">
                  landed <When at={candidate.landedAt} now={now} />
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
