/**
 * The overview's table: each stack in a row, with how far it is and what waits.
 *
 * @module
 */
import type { StackLine } from "../store/overview.ts";
import { DriftLine } from "./drift-line.tsx";
import { count, gist, Mark, path, StackLink, Status, subject, When } from "./words.tsx";

type StacksProps = {
  stacks: readonly StackLine[];
  now: number;
  /** Only some stacks were asked for. */
  picked: boolean;
};

export function Stacks({ stacks, now, picked }: StacksProps) {
  if (stacks.length === 0)
    return picked ? (
      <p class="none">No stack is like that.</p>
    ) : (
      <p class="none">
        No stack is declared yet: write a <code>patch-moi.json</code> and apply it with{" "}
        <code>patch.moi apply -f patch-moi.json</code>.
      </p>
    );
  return (
    <table class="rows stacks">
      <thead>
        <tr>
          <th scope="col">Stack</th>
          <th scope="col">Carried</th>
          <th scope="col">Newest upstream</th>
          <th scope="col">Drift</th>
          <th scope="col">Last attempt</th>
          <th scope="col">Waits</th>
        </tr>
      </thead>
      <tbody>
        {stacks.map((stack) => (
          <Row stack={stack} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ stack, now }: { stack: StackLine; now: number }) {
  const behind = stack.highestTag !== null && stack.highestTag !== stack.carried;
  return (
    <tr>
      <td>
        <StackLink id={stack.id} />
        {stack.paused ? " " : null}
        {stack.paused ? <span class="chip">paused</span> : null}
        {stack.upstream === null ? null : <span class="sub">{bareAddress(stack.upstream)}</span>}
      </td>
      <td data-th="Carried">
        {stack.carried === null ? <span class="none">nothing yet</span> : <code>{stack.carried}</code>}
      </td>
      <td data-th="Upstream">
        {stack.highestTag === null ? (
          <span class="none">nothing yet</span>
        ) : behind ? (
          <code class="warn">{stack.highestTag}</code>
        ) : (
          <code>{stack.highestTag}</code>
        )}
      </td>
      <td data-th="Drift">
        <Drift stack={stack} />
      </td>
      <td data-th="Last attempt">
        {stack.attemptId === null || stack.status === null ? (
          <span class="none">none</span>
        ) : (
          <>
            <a href={path.attempt(stack.attemptId)}>
              {stack.operation === "land" ? "landing " : stack.operation === "promote" ? "promoting " : ""}
              <code>{subject({ tag: stack.tag, onto: stack.onto ?? "" })}</code>
            </a>{" "}
            <Status of={stack.status} />{" "}
            {stack.updatedAt === null ? null : (
              <span class="soft small">
                <When at={stack.updatedAt} now={now} />
              </span>
            )}
          </>
        )}
      </td>
      <td data-th="Waits">
        <Waits stack={stack} />
      </td>
    </tr>
  );
}

/** By the newest forecast; a stack whose policy asks for none has no drift to show. */
function Drift({ stack: { forecast, behind } }: { stack: StackLine }) {
  if (forecast === null) return null;
  const { drift, outcome } = forecast;
  if (drift === undefined) return <span class="soft">{forecast.reason?.message}</span>;
  return (
    <>
      {count(drift.commitsBehind, "commit")}, {count(Math.round(drift.daysBehind), "day")}{" "}
      <DriftLine behind={behind.toReversed()} />
      {outcome === "conflicts" ? <span class="sub warn">would conflict</span> : null}
    </>
  );
}

/** Of a stack: a decision, or a candidate that nobody has landed. */
function Waits({ stack }: { stack: StackLine }) {
  if (stack.attemptId !== null && stack.status === "needs_intervention")
    return <span class="warn">{gist(stack.reason?.message ?? "a person must decide")}</span>;
  if (stack.candidateAttemptId !== null && stack.status === "changed")
    return (
      <a href={path.attempt(stack.candidateAttemptId)}>
        land <code>{stack.candidateTag ?? "the candidate"}</code>
      </a>
    );
  if (stack.status === "blocked") return <Mark tone="warn">{gist(stack.reason?.message ?? "blocked")}</Mark>;
  return null;
}

function bareAddress(url: string): string {
  return url.replace(/^[a-z]+:\/\//, "").replace(/\.git$/, "");
}
