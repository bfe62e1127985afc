/**
 * Channels: where each stands, and promoting a candidate to one.
 *
 * @module
 */
import type { Promotions } from "../../durable-objects/prospects.ts";
import type { Channel } from "../contract/channel.ts";
import { Act } from "./form.tsx";
import type { Visit } from "./visit.ts";
import { Oid, path, shortRef, When } from "./words.tsx";

const FOLLOWS: Record<NonNullable<Channel["follows"]>, string> = {
  candidates: "every candidate",
  releases: "candidates of releases",
  manual: "a person's word",
};

export function Channels({ channels, now }: { channels: readonly Channel[]; now: number }) {
  if (channels.length === 0) return null;
  return (
    <section aria-labelledby="channels-title">
      <h2 id="channels-title">Channels</h2>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Channel</th>
            <th scope="col">Stands on</th>
            <th scope="col">Follows</th>
            <th scope="col">Branch</th>
            <th scope="col">Moved</th>
          </tr>
        </thead>
        <tbody>
          {channels.map(({ channel, follows, ref, promoted }) => (
            <tr>
              <td class="name">{channel}</td>
              <td data-th="Stands on">
                {promoted === undefined ? (
                  <span class="none">nothing yet</span>
                ) : (
                  <>
                    <code>{promoted.tag}</code> <Oid of={promoted.oid} />
                  </>
                )}
              </td>
              <td data-th="Follows">
                {follows === undefined ? <span class="none">not declared any more</span> : FOLLOWS[follows]}
              </td>
              <td data-th="Branch">
                <code>{shortRef(ref)}</code>
              </td>
              <td data-th="Moved">
                {promoted === undefined ? null : (
                  <>
                    <a href={path.attempt(promoted.attemptId)}>
                      <When at={promoted.at} now={now} />
                    </a>{" "}
                    <span class="soft">by {promoted.actor}</span>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type PromoteProps = { visit: Visit; attemptId: string; candidateId: string | undefined; promote: Promotions };

/** A button for each channel that the candidate could be promoted to; for the rest, why not. */
export function Promote({ visit, attemptId, candidateId, promote }: PromoteProps) {
  const channels = Object.entries(promote);
  if (candidateId === undefined || channels.length === 0 || !visit.may("operate")) return null;
  const not = channels.filter(([, why]) => why !== null);
  return (
    <>
      <div class="acts">
        {channels.map(([channel, why]) =>
          why === null ? (
            <Act
              visit={visit}
              to={`${path.attempt(attemptId)}/promote`}
              label={`Promote to ${channel}`}
              fields={{ candidateId, channel }}
            />
          ) : null,
        )}
      </div>
      {not.length === 0 ? null : (
        <ul class="soft small">
          {not.map(([channel, why]) => (
            <li>
              Not to {channel}: {why}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
