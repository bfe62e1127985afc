/**
 * `patch.moi backfill`: past movements that a stack's policy lets through today become its events.
 *
 * @module
 */
import type { Command } from "commander";
import { BackfillAnswer } from "../../worker/contract/backfill.ts";
import { usageFailure } from "../client/command-failure.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { Session } from "../client/session.ts";
import { table } from "../client/table.ts";
import { examples } from "./list.ts";

export function registerBackfill(program: Command): void {
  program
    .command("backfill")
    .description("hand a stack the past releases that its policy lets through now")
    .argument("<stack>", "stack id")
    .requiredOption("--since <date>", "how far back: 2026-01-31, or a time as 2026-01-31T12:00:00Z")
    .addHelpText("after", examples(["backfill web --since 2026-01-31"]))
    .action(async (stack: string, options: { since: string }, self: Command) => {
      const session = Session.of(self);
      const body = { since: instant(options.since) };
      const found = await session.watch(`looking at what ${stack} let go by`, all(session.api(), stack, body));
      session.answer(found, () => describe(stack, found));
    });
}

/** One call looks at so many movements; this goes on to the last of them. */
async function all(api: EdgeApi, stack: string, body: { since: string }): Promise<BackfillAnswer> {
  const found: BackfillAnswer = { events: [], left: [] };
  let cursor: string | undefined;
  do {
    const asked = { ...body, ...(cursor === undefined ? {} : { cursor }) };
    const request = {
      method: "POST" as const,
      path: ["stacks", stack, "backfill"],
      body: asked,
      answer: BackfillAnswer,
    };
    const { value } = await api.request(request);
    found.events.push(...value.events);
    found.left.push(...value.left);
    cursor = value.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** A day is its beginning, UTC. */
function instant(text: string): string {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  const time = /^\d{4}-\d\d-\d\dT/.test(whole) ? Date.parse(whole) : Number.NaN;
  if (Number.isNaN(time)) throw usageFailure("--since is a date, for example 2026-01-31");
  return new Date(time).toISOString();
}

function describe(stack: string, { events, left }: BackfillAnswer): string {
  const rows = [
    ...events.map(({ id, payload }) => [payload.entry.tag ?? payload.entry.entryId, "event", id]),
    ...left.map(({ tag, entryId, decision }) => [tag ?? entryId, "left", decision.message]),
  ];
  const counted = `${events.length} ${events.length === 1 ? "event" : "events"} for ${stack}, ${left.length} left`;
  return [...(rows.length === 0 ? [] : [table(["MOVEMENT", "", "WHAT"], rows)]), counted].join("\n");
}
