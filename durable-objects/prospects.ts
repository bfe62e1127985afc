/**
 * What an operator may do about an attempt now. The machine itself says: each command is decided, and
 * nothing of it is written.
 *
 * @module
 */
import type { Database } from "../worker/store/database.ts";
import { eventAgain, landing } from "./command-context.ts";
import { decide } from "./machine/decide.ts";
import type { Command, StackState } from "./machine/state.ts";

/** Why an operator may not, in a sentence; null where they may. */
export type Prospects = Record<"retry" | "replay" | "resume" | "cancel" | "dismiss" | "land", string | null>;

/** The same of promoting its candidate, by channel. */
export type Promotions = Record<string, string | null>;

export async function prospects(
  db: Database,
  state: StackState,
  { attemptId, eventId, now }: { attemptId: string; eventId: string; now: number },
): Promise<{ may: Prospects; promote: Promotions }> {
  const actor = "operator";
  const [again, land] = await Promise.all([eventAgain(db, state, eventId), landing(db, state, attemptId, actor)]);
  const about = { attemptId, ended: land.ended, actor };
  const whyNot = (command: Command): string | null => decide(state, command, now).refused?.message ?? null;
  const afresh = (type: "retry" | "replay"): string | null =>
    again === undefined ? "this stack has not accepted the event" : whyNot({ type, ...again, actor });
  const { candidate } = land;
  const promote: Promotions = {};
  if (candidate !== null)
    for (const channel of Object.keys(state.config.channels ?? {}))
      promote[channel] = whyNot({ type: "promote", ...about, candidate, channel });
  const may: Prospects = {
    retry: afresh("retry"),
    replay: afresh("replay"),
    resume: whyNot({ type: "resume", ...about, note: "…" }),
    cancel: whyNot({ type: "cancel", ...about }),
    dismiss: whyNot({ type: "dismiss", ...about, note: "…" }),
    land: whyNot(land),
  };
  return { may, promote };
}
