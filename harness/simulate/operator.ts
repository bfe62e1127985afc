/**
 * Operators: ask for things that may or may not be done now, mostly with an Idempotency-Key, and
 * sometimes twice.
 *
 * @module
 */
import type { OperatorCommand } from "../../durable-objects/stack-desk.ts";
import { isTerminal } from "../../worker/contract/attempt.ts";
import { findAnswer, keepAnswer } from "../../worker/store/answers.ts";
import { findAttempt } from "../../worker/store/attempts.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Edge } from "./edge.ts";
import type { KnownAttempt } from "./journal-model.ts";
import { again, type Refused, request } from "./network.ts";

type Operated = { ok: true; attempt: Pick<AttemptRow, "id" | "status"> } | Refused;

export class Operator {
  private readonly edge: Edge;
  private asked = 0;

  constructor(edge: Edge) {
    this.edge = edge;
  }

  /** Does something to some stack, and is stubborn about it. */
  async act(stackId: string): Promise<void> {
    const { stage } = this.edge;
    const { dice, watch } = stage;
    if (dice.chance(0.12)) return this.pause(stackId, dice.chance(0.5) ? "pause" : "unpause");
    const attempts = watch.model.attemptsOf(stackId);
    const open = attempts.filter(({ status }) => !isTerminal(status));
    const attempt = dice.pick(dice.chance(0.6) && open.length > 0 ? open : attempts);
    if (attempt === undefined) return;
    const command = this.choose(attempt);
    // Each request has an actor of its own, so that the journal says what came of it.
    const actor = `person-${++this.asked}`;
    const key = dice.chance(0.75) ? `key:${actor}` : undefined;
    await this.ask(stackId, command, actor, key);
    if (key !== undefined && dice.chance(0.4)) await this.ask(stackId, command, actor, key);
  }

  /** What was paused goes on. */
  async pause(stackId: string, type: "pause" | "unpause"): Promise<void> {
    for (let tries = 0; tries < 5; tries++) {
      const answer = await request<{ ok: true } | Refused>(this.edge.stage, () =>
        this.edge.object(stackId).administer(stackId, type, "person"),
      );
      if (answer.ok || !again(answer)) return;
      await this.edge.stage.timeline.sleep(20_000);
    }
  }

  private choose(attempt: KnownAttempt): OperatorCommand {
    const { dice } = this.edge.stage;
    const { id: attemptId, eventId, status } = attempt;
    // What makes sense most of the time; anything at all now and then.
    const sensible = {
      retry: ["failed", "timed_out", "cancelled", "superseded", "dismissed", "blocked"].includes(status) ? 6 : 1,
      replay: 1,
      resume: status === "needs_intervention" ? 8 : 1,
      dismiss: status === "needs_intervention" ? 3 : 1,
      cancel: ["queued", "dispatched", "running", "blocked"].includes(status) ? 5 : 1,
      land: status === "changed" ? 8 : 1,
      promote: status === "changed" ? 4 : 0,
      sync: 1,
    };
    const type = dice.weighted(sensible);
    switch (type) {
      case "retry":
      case "replay":
        return { type, eventId };
      case "resume":
      case "dismiss":
        return { type, attemptId, note: "looked at" };
      case "promote":
        return { type, attemptId, candidateId: `${attemptId}.c1`, channel: dice.one(["internal", "public"]) };
      default:
        return { type, attemptId };
    }
  }

  private async ask(stackId: string, command: OperatorCommand, actor: string, key: string | undefined): Promise<void> {
    const { stage } = this.edge;
    const { timeline, dice, trace } = stage;
    for (let tries = 0; tries < 3; tries++) {
      const answer = await request(stage, () => this.operate(stackId, command, actor, key));
      trace.line(() => `${actor} asks ${JSON.stringify(command)}: ${answer.ok ? answer.attempt.status : answer.code}`);
      // Without a key nobody may ask again who has not heard.
      if (answer.ok || !again(answer) || key === undefined) return;
      await timeline.sleep(dice.between(1000, 60_000));
    }
  }

  /** As the route does it, `worker/api/idempotency.ts` around it. */
  private async operate(
    stackId: string,
    command: OperatorCommand,
    actor: string,
    key: string | undefined,
  ): Promise<Operated> {
    const { db } = this.edge.invoke("operate");
    const hash = JSON.stringify(command);
    if (key !== undefined) {
      const known = await findAnswer(db, `http:${key}`);
      if (known !== undefined) return { ok: true, attempt: known.body as AttemptRow };
    }
    if ("attemptId" in command && (await findAttempt(db, command.attemptId)) === undefined)
      return { ok: false, code: "not_found", message: "no such attempt" };
    const once = key === undefined ? undefined : { key, hash };
    const answer = await this.edge.object(stackId).operate(stackId, command, actor, once);
    if (!answer.ok) return answer;
    this.edge.stage.watch.operateAcknowledged(command, actor, key, answer.attempt);
    if (key !== undefined) {
      const at = new Date(this.edge.stage.timeline.now).toISOString();
      await keepAnswer(db, { key: `http:${key}`, requestHash: hash, status: 200, body: answer.attempt, at });
    }
    return { ok: true, attempt: answer.attempt };
  }
}
