/**
 * The attempt machine: `(state, command, now) -> decision`. No clock, no randomness, no I/O.
 *
 * @module
 */
import type { AttemptRow } from "../../worker/store/rows.ts";
import { acceptEvents } from "./accept.ts";
import { tick } from "./clock.ts";
import { answerComment } from "./comment.ts";
import { Draft } from "./draft.ts";
import { handOut } from "./hand-out.ts";
import { land } from "./land.ts";
import { cancel, dismiss, replay, resume, retry } from "./operator.ts";
import { promote } from "./promote.ts";
import { recall } from "./recall.ts";
import { claim, report } from "./runner.ts";
import type { Command, Decision, Refusal, StackState, Target } from "./state.ts";
import { hearAnswer } from "./surface.ts";

/** Decides one command. `now` in milliseconds since the epoch. */
export function decide(state: StackState, command: Command, now: number): Decision {
  const draft = new Draft(state, now);
  const { attempt, refused } = apply(draft, command);
  // What a refused command leaves is evidence, never a reason to hand something out.
  if (refused === null) handOut(draft);
  return draft.finish(attempt, refused);
}

type Outcome = { attempt: AttemptRow | null; refused: Refusal | null };

const done: Outcome = { attempt: null, refused: null };

function apply(draft: Draft, command: Command): Outcome {
  switch (command.type) {
    case "accept":
      if (draft.stack.deletedAt !== null)
        return refuse({ code: "gone", message: `stack '${draft.stack.id}' was deleted at ${draft.stack.deletedAt}` });
      acceptEvents(draft, command.events);
      return done;
    case "tick":
      tick(draft, command);
      return done;
    case "effect_dead":
      draft.write({
        kind: "outbox",
        actor: "outbox",
        ...(command.attemptId === null ? {} : { attemptId: command.attemptId }),
        reason: { code: "effect_dead", message: command.message },
        data: { effectId: command.effectId },
      });
      return done;
    case "effect_told":
      draft.write({
        kind: "outbox",
        actor: "outbox",
        ...(command.attemptId === null ? {} : { attemptId: command.attemptId }),
        reason: command.reason,
        data: { effectId: command.effectId },
      });
      return done;
    case "effect_redriven":
      draft.redrive(command.effectId, command.attemptId, command.actor);
      return done;
    case "retry":
    case "replay": {
      const again = command.type === "retry" ? retry : replay;
      const outcome = again(draft, command.event, command.last, command.actor);
      return "code" in outcome ? refuse(outcome) : outcome;
    }
    case "claim":
      return withTarget(draft, command, (a) => claim(draft, a, command.epoch, command.nonce, command.runner));
    case "result":
      return withTarget(draft, command, (a) => report(draft, a, command));
    case "surface_answer":
      return withTarget(draft, command, (a) => ({
        attempt: hearAnswer(draft, a, command.epoch, command.answer),
        refused: null,
      }));
    case "resume":
      return withTarget(draft, command, (a) => resume(draft, a, command.note, command.resolvedRef, command.actor));
    case "cancel":
      return withTarget(draft, command, (a) => cancel(draft, a, command.actor));
    case "dismiss":
      return withTarget(draft, command, (a) => dismiss(draft, a, command.note, command.actor));
    case "land":
      return withTarget(draft, command, (a) => land(draft, a, command.candidate, command.headOid, command.actor));
    case "promote":
      return withTarget(draft, command, (a) => promote(draft, a, command.candidate, command.channel, command.actor));
    case "comment": {
      const outcome = "code" in command.ask ? refuse(command.ask) : apply(draft, command.ask);
      answerComment(draft, command, outcome);
      return outcome;
    }
    case "pause":
    case "unpause":
      return pause(draft, command.type === "pause", command.actor);
    case "configure":
      draft.write({
        kind: "stack",
        actor: command.actor,
        reason: { code: "configured", message: "declared" },
        data: command.config,
      });
      draft.stack.config = command.config;
      draft.stack.deletedAt = null;
      return done;
    case "recall": {
      const refused = recall(draft, command);
      return refused === null ? done : refuse(refused);
    }
    case "delete":
      return remove(draft, command.actor);
  }
}

function withTarget(draft: Draft, target: Target, then: (attempt: AttemptRow) => Outcome): Outcome {
  const attempt = draft.openAttempt(target.attemptId) ?? target.ended;
  if (attempt === null) return refuse({ code: "not_found", message: `there is no attempt '${target.attemptId}'` });
  return then(attempt);
}

function pause(draft: Draft, paused: boolean, actor: string): Outcome {
  if (draft.stack.paused === paused) return done;
  draft.stack.paused = paused;
  const message = paused ? "no attempt is handed out until it is unpaused" : "attempts are handed out again";
  draft.write({ kind: "stack", actor, reason: { code: paused ? "paused" : "unpaused", message } });
  return done;
}

function remove(draft: Draft, actor: string): Outcome {
  const open = draft.stack.open[0];
  if (open !== undefined)
    return refuse({ code: "in_use", message: `${open.id} is ${open.status}; cancel or dismiss it first` });
  draft.stack.deletedAt = draft.now;
  draft.write({ kind: "stack", actor, reason: { code: "deleted", message: "deleted; its records stay" } });
  return done;
}

function refuse(refused: Refusal): Outcome {
  return { attempt: null, refused };
}
