/** What a comment asks for is done like any operator's word, is on the timeline, and is answered. */
import { expect, it } from "vitest";
import { decide } from "./decide.ts";
import type { Command, Refusal } from "./state.ts";
import { about, event, NOW, stackWith } from "./testing/stack-in-state.ts";

const place = { on: "pull", number: 4, id: 77 } as const;
const actor = "operator:ada@git.test.org";
const comment = (word: string, ask: Command | Refusal): Command => ({
  type: "comment",
  attemptId: "s.1",
  word,
  place,
  actor,
  ask,
});
const replies = (decision: ReturnType<typeof decide>) =>
  decision.changes.outbox.filter(({ id }) => id === "s:comment:77");

it("does it, says so on the timeline with who asked, and answers once", () => {
  const { state, attempt } = stackWith("needs_intervention");
  const ask: Command = { type: "resume", ...about(attempt), note: "by a comment", actor };
  const decision = decide(state, comment("resume", ask), NOW);
  expect(decision.refused).toBeNull();
  expect(decision.next.open[0]).toMatchObject({ status: "dispatched", epoch: 2 });
  expect(decision.changes.journal).toContainEqual(
    expect.objectContaining({
      actor,
      attemptId: "s.1",
      reason: expect.objectContaining({ code: "asked_on_forge" }) as unknown,
    }),
  );
  expect(replies(decision)).toMatchObject([
    {
      kind: "review",
      attemptId: "s.1",
      payload: { event: "commented", reply: { place, text: "`resume`: s.1 (maintain) is queued" } },
    },
  ]);
});

it("says why not, with the refusal's code", () => {
  const { state, attempt } = stackWith("changed");
  const ask: Command = { type: "retry", event: event("v1.0.0", { accepted: true }), last: attempt, actor };
  const decision = decide(state, comment("retry", ask), NOW);
  expect(decision.refused).toMatchObject({ code: "not_retryable" });
  expect(decision.changes.journal).toMatchObject([{ actor, attemptId: "s.1", reason: { code: "not_retryable" } }]);
  expect(replies(decision)[0]?.payload).toMatchObject({
    reply: {
      text: expect.stringMatching(
        /^`retry`: not done: s\.1 cannot be retried; it ended changed: use replay/,
      ) as unknown,
    },
  });
  const unknown = decide(state, comment("dance", { code: "invalid_request", message: "these are understood: …" }), NOW);
  expect(replies(unknown)[0]?.payload).toMatchObject({ reply: { text: "`dance`: not done: these are understood: …" } });
});

it("pauses and lets go on", () => {
  const { state } = stackWith("queued");
  const paused = decide(state, comment("pause", { type: "pause", actor }), NOW);
  expect(replies(paused)[0]?.payload).toMatchObject({ reply: { text: expect.stringMatching(/is paused/) as unknown } });
  const going = decide(paused.next, comment("unpause", { type: "unpause", actor }), NOW);
  expect(going.next).toMatchObject({ paused: false, open: [{ status: "dispatched" }] });
  expect(replies(going)[0]?.payload).toMatchObject({ reply: { text: "`unpause`: stack s goes on" } });
});
