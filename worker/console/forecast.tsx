/**
 * How a stack would fare on upstream's branch today, and how it has drifted.
 *
 * @module
 */
import type { Forecast } from "../contract/forecast.ts";
import { DriftLine } from "./drift-line.tsx";
import { count, Mark, Oid, shortRef, When } from "./words.tsx";

/** Newest first. */
export function ForecastView({ forecasts, now }: { forecasts: readonly Forecast[]; now: number }) {
  const [last] = forecasts;
  if (last === undefined) return null;
  const behind = forecasts.toReversed().flatMap(({ drift }) => (drift === undefined ? [] : [drift.commitsBehind]));
  return (
    <section aria-labelledby="forecast-title">
      <h2 id="forecast-title">Forecast</h2>
      <p>
        <Outcome forecast={last} />
        {last.onto === undefined ? null : (
          <>
            {" "}
            on <code>{shortRef(last.onto.ref)}</code> at <Oid of={last.onto.oid} />
          </>
        )}{" "}
        <span class="soft">
          <When at={last.at} now={now} />
        </span>
      </p>
      {last.drift === undefined ? null : (
        <p>
          {count(last.drift.commitsBehind, "commit")} and {count(Math.round(last.drift.daysBehind), "day")} behind,{" "}
          {count(last.drift.commitsAhead, "patch", "patches")} ahead{" "}
          <DriftLine behind={behind} width={180} height={28} />
        </p>
      )}
      {(last.conflicts ?? []).length === 0 ? null : (
        <ul class="note warn">
          {(last.conflicts ?? []).map((conflict) => (
            <li>
              <Oid of={conflict.oid} /> {conflict.subject}
              <ul>
                {conflict.paths.map(({ path, kind, upstream }) => (
                  <li>
                    <code>{path}</code> <span class="chip">{kind}</span>
                    {upstream === undefined ? null : (
                      <span class="soft">
                        {" "}
                        since upstream’s <Oid of={upstream.oid} /> {upstream.subject}
                      </span>
                    )}
                  </li>
                ))}
              </ul>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Outcome({ forecast: { outcome, reason, counts } }: { forecast: Forecast }) {
  switch (outcome) {
    case "carries":
      return <Mark tone="good">The stack carries</Mark>;
    case "conflicts":
      return <Mark tone="warn">{count(counts?.conflicted ?? 0, "patch", "patches")} would conflict</Mark>;
    case "failed":
      return <Mark tone="bad">{reason?.message ?? "The look failed"}</Mark>;
  }
}
