import { expect, it } from "vitest";
import { discordBody } from "./discord.ts";
import { emailBody } from "./email.ts";
import { messageOf, type Notification } from "./message.ts";
import { slackBody } from "./slack.ts";
import { webhookBody } from "./webhook.ts";

const ORIGIN = "https://patch.test";

function change(n: number, more: Partial<Notification> = {}): Notification {
  return {
    event: "changed",
    stackId: "web",
    attemptId: `web.${n}`,
    operation: "maintain",
    tag: `v1.${n}.0`,
    onto: `refs/tags/v1.${n}.0`,
    reason: null,
    candidates: [],
    at: `2026-01-15T12:00:${String(n).padStart(2, "0")}.000Z`,
    grouped: true,
    ...more,
  };
}

const waits = change(1, {
  event: "needs_intervention",
  reason: { code: "conflict", message: "1 of 2 patches conflicts: <@everyone> [here](https://evil.test)" },
});

it("tells of several changes in the order they happened, in the tone of the most urgent", () => {
  const message = messageOf({ ...change(3), others: [change(2), waits] }, ORIGIN);
  expect(message).toMatchObject({ title: "web: 3 changes", tone: "attention", link: `${ORIGIN}/console/stacks/web` });
  expect(message.facts.map(({ name }) => name)).toEqual(["Waits for a person", "Carried", "Carried"]);
  expect(message.facts[0]?.value).toBe(
    "v1.1.0 · web.1 · 1 of 2 patches conflicts: <@everyone> [here](https://evil.test)",
  );
});

it("links to the attempt where all of it is about one", () => {
  const { link } = messageOf({ ...change(1), others: [change(1, { event: "landed" })] }, ORIGIN);
  expect(link).toBe(`${ORIGIN}/console/attempts/web.1`);
});

it("says one change as it always did, whether or not it might have been grouped", () => {
  expect(messageOf(change(1), ORIGIN)).toEqual(messageOf(change(1, { grouped: false }), ORIGIN));
  expect(webhookBody(change(1), undefined)).toMatchObject({ type: "attempt.changed", data: { attemptId: "web.1" } });
  expect(JSON.stringify(webhookBody(change(1), undefined))).not.toContain("grouped");
});

it("gives a program the facts of each", () => {
  const body = webhookBody({ ...change(2), others: [waits] }, "https://patch.test/x");
  expect(body).toMatchObject({
    type: "stack.changes",
    timestamp: "2026-01-15T12:00:02.000Z",
    data: { stackId: "web", link: "https://patch.test/x", changes: [{ attemptId: "web.1" }, { attemptId: "web.2" }] },
  });
});

it("fits a full group into what each target takes, with upstream's text in no markup", () => {
  const long = { code: "conflict", message: "x".repeat(4000) };
  const others = Array.from({ length: 19 }, (_, i) =>
    change(i + 2, { reason: long, tag: `v${"9".repeat(300)}`, event: "needs_intervention" }),
  );
  const message = messageOf({ ...waits, others }, ORIGIN);
  // Discord takes 6000 characters and 25 fields in all, Slack 10 fields in one section.
  const { embeds } = discordBody(message, "2026-01-15T12:00:00.000Z") as {
    embeds: [{ title: string; fields: Field[] }];
  };
  const { title, fields } = embeds[0];
  expect(fields.length).toBe(20);
  expect(title.length + fields.reduce((sum, { name, value }) => sum + name.length + value.length, 0)).toBeLessThan(
    6000,
  );
  expect(fields.every(({ value }) => value.startsWith("`") && value.endsWith("`"))).toBe(true);
  const { blocks } = slackBody(message) as { blocks: { type: string; fields?: { type: string }[] }[] };
  const sections = blocks.flatMap((block) => (block.fields === undefined ? [] : [block.fields]));
  expect(sections.map((section) => section.length)).toEqual([10, 10]);
  expect(sections.flat().every(({ type }) => type === "plain_text")).toBe(true);
  expect(emailBody(message, "a@test.org", ["b@test.org"])).toMatchObject({ subject: "web: 20 changes" });
});

type Field = { name: string; value: string };
