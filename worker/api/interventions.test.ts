/**
 * What waits for a person, and what became of a version.
 */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { z } from "zod";
import {
  attemptDetail,
  call,
  declareStack,
  expectBody,
  postRelease,
  stackWithRunner,
  tellResult,
} from "../../harness/edge/client.ts";
import { Intervention, Why } from "../contract/intervention.ts";
import { openDatabase } from "../store/database.ts";
import { attempts, feedSignals, feedSources, outbox, stacks } from "../store/schema.ts";

const db = openDatabase(env.DB);
const Page = z.object({ interventions: z.array(Intervention), nextCursor: z.string().optional() });
const reason = { code: "conflict", message: "patch 2 conflicts in lib/a.c" };

async function page(query = ""): Promise<z.infer<typeof Page>> {
  return expectBody(Page, await call("GET", `/interventions${query}`));
}

async function why(stackId: string, version: string): Promise<z.infer<typeof Why>> {
  return expectBody(Why, await call("GET", `/stacks/${stackId}/why?version=${version}`));
}

it("lists what waits, oldest first, in pages, and says what to do", async () => {
  for (const [i, id] of ["wait-a", "wait-b", "wait-c"].entries()) {
    const runner = await stackWithRunner(id);
    await postRelease(id, "v1.0.0");
    await tellResult(await runner.job(), { outcome: "needs_intervention", reason });
    const updatedAt = `2020-01-0${3 - i}T00:00:00.000Z`;
    await db
      .update(attempts)
      .set({ updatedAt })
      .where(eq(attempts.id, `${id}.1`));
  }
  const config = { provider: "feed", url: "https://feeds.test.org/a.xml", event: "release" };
  await call("PUT", "/feed-sources/broken", config);
  const lastError = { code: "http_status", message: "the server answered 500", at: "2020-01-02T12:00:00.000Z" };
  await db
    .update(feedSources)
    .set({ consecutiveFailures: 9, lastSuccessAt: "2020-01-02T12:00:00.000Z", lastError })
    .where(eq(feedSources.id, "broken"));
  const expected = ["attempt:wait-c.1", "attempt:wait-b.1", "source:broken", "attempt:wait-a.1"];
  const all = await page();
  expect(all.interventions.map((i) => i.id)).toEqual(expected);
  expect(all.interventions[0]).toMatchObject({ stackId: "wait-c", reason });
  expect(all.interventions[0]?.whatToDo.join()).toContain("resume wait-c.1");
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const next = await page(`?limit=1${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
    seen.push(...next.interventions.map((i) => i.id));
    cursor = next.nextCursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(expected);
  expect((await call("GET", "/interventions?cursor=nonsense")).status).toBe(400);
});

it("lists a notification that was given up, and sends it again when asked", async () => {
  // The deployment has no DISCORD_WEBHOOK_URL: the first try says so and is final.
  const runner = await stackWithRunner("mute", { notify: { discord: ["completed"] } });
  await postRelease("mute", "v1.0.0");
  await tellResult(await runner.job(), { outcome: "completed" });
  await expect.poll(async () => (await page()).interventions.map((i) => i.kind)).toContain("dead_letter");
  const dead = (await page()).interventions.find((i) => i.kind === "dead_letter");
  expect(dead?.reason.message).toContain("DISCORD_WEBHOOK_URL");
  const { timeline } = await attemptDetail("mute.1");
  expect(timeline.at(-1)).toMatchObject({ kind: "outbox", reason: { code: "effect_dead" } });
  expect((await call("POST", `/interventions/${encodeURIComponent(dead?.id ?? "")}/redrive`)).status).toBe(202);
  const again = async () => (await attemptDetail("mute.1")).timeline.filter((t) => t.reason?.code === "effect_dead");
  await expect.poll(async () => (await again()).length).toBe(2);
  const rows = await db.select().from(outbox).where(eq(outbox.stackId, "mute"));
  expect(rows).toHaveLength(1);
});

it("sends every kind of effect again", async () => {
  await declareStack("revived");
  await postRelease("revived", "v1.0.0");
  const surface = { driver: "github-actions" };
  const payloads: Record<string, object> = {
    "notify.slack": { event: "completed", stackId: "revived", attemptId: "revived.1" },
    "notify.webhook": { event: "completed", stackId: "revived", attemptId: "revived.1" },
    "notify.email": { event: "completed", stackId: "revived", attemptId: "revived.1" },
    "dispatch.cancel": { dispatchId: "revived.1.1", surface },
    review: { attemptId: "revived.1", event: "changed" },
  };
  const dead = { stackId: "revived", attemptId: "revived.1", status: "dead" as const, tries: 12, lastError: "before" };
  const at = "2026-01-01T00:00:00.000Z";
  await db.insert(outbox).values(
    Object.entries(payloads).map(([kind, payload]) => ({
      ...dead,
      id: `revived.1:${kind}`,
      kind: kind as "review",
      payload,
      nextAt: at,
      createdAt: at,
    })),
  );
  for (const kind of Object.keys(payloads)) {
    const answer = await call("POST", `/interventions/${encodeURIComponent(`effect:revived.1:${kind}`)}/redrive`);
    expect([kind, answer.status]).toEqual([kind, 202]);
  }
  // Nothing is there to be told here: each says so by itself, and none of them what it said before.
  await expect
    .poll(async () => {
      const rows = await db.select().from(outbox).where(eq(outbox.stackId, "revived"));
      const tried = rows.filter(({ lastError }) => lastError !== null && lastError !== "before");
      return tried.map(({ kind }): string => kind).toSorted();
    })
    .toEqual(Object.keys(payloads).toSorted());
  const { timeline } = await attemptDetail("revived.1");
  const redriven = timeline.filter((entry) => entry.reason?.code === "effect_redriven");
  expect(redriven).toHaveLength(Object.keys(payloads).length);
});

it("lists every kind of thing that waits, with its reason, until somebody acts; what they note is on the timeline", async () => {
  const ended = async (id: string, code: string) => {
    const runner = await stackWithRunner(id);
    await postRelease(id, "v1.0.0");
    await tellResult(await runner.job(), { outcome: "needs_intervention", reason: { code, message: `it is ${code}` } });
  };
  await ended("kind-conflict", "conflict");
  await ended("kind-verify", "verify_failed");
  await stackWithRunner("kind-moved");
  const moved = { from: "a".repeat(40), to: "b".repeat(40) };
  const payload = { entry: { entryId: "v1", tag: "v1.0.0", sha: moved.to }, moved };
  const event = { id: "kind-moved-1", type: "upstream.tag_moved", payload, stackIds: ["kind-moved"] };
  expect((await call("POST", "/flow-events", event)).status).toBe(201);
  const runner = await stackWithRunner("kind-blocked");
  await postRelease("kind-blocked", "v1.0.0");
  const outage = { code: "outage", message: "the forge is down" };
  await tellResult(await runner.job(), { outcome: "blocked", reason: outage });
  const longAgo = "2026-01-01T00:00:00.000Z";
  await db.update(attempts).set({ blockedSince: longAgo }).where(eq(attempts.id, "kind-blocked.1"));
  await db.update(stacks).set({ nextActionAt: longAgo }).where(eq(stacks.id, "kind-blocked"));
  await call("POST", "/tick");
  const mine = async () =>
    (await page("?limit=500")).interventions.filter(({ stackId }) => stackId?.startsWith("kind-"));
  const codes = { conflict: "conflict", verify: "verify_failed", moved: "tag_moved", blocked: "blocked_for_a_day" };
  const waiting = await mine();
  expect(waiting.map(({ stackId, reason: { code } }) => [stackId, code])).toEqual(
    Object.entries(codes).map(([id, code]) => [`kind-${id}`, code]),
  );
  expect(waiting.map(({ since }) => since)).toEqual(waiting.map(({ since }) => since).toSorted());
  for (const { whatToDo, attemptId } of waiting) expect(whatToDo.join()).toContain(`dismiss ${attemptId}`);
  for (const { attemptId } of waiting) {
    const act = attemptId === "kind-conflict.1" ? "resume" : "dismiss";
    const answer = await call("POST", `/maintenance-attempts/${attemptId}/${act}`, { note: `a note on ${attemptId}` });
    expect(answer.status).toBe(200);
    const { timeline } = await attemptDetail(attemptId ?? "");
    const noted = timeline.filter((entry) => JSON.stringify(entry).includes(`a note on ${attemptId}`));
    expect(new Set(noted.map(({ actor }) => actor))).toEqual(new Set(["operator:admin"]));
  }
  expect(await mine()).toEqual([]);
});

it("answers why from the record, for a version that was seen, acted on, skipped or never heard of", async () => {
  await declareStack("curious", { releases: { exclude: ["*-weird"] } });
  await postRelease("curious", "v1.0.0");
  await postRelease("curious", "v2.0.0");
  await postRelease("curious", "v3.0.0-weird");
  await postRelease("curious", "v1.5.0");
  expect(await why("curious", "1.0.0")).toMatchObject({ verdict: "superseded", tags: ["1.0.0", "v1.0.0"] });
  expect((await why("curious", "v1.0.0")).message).toContain("curious.2");
  expect(await why("curious", "v2.0.0")).toMatchObject({ verdict: "working" });
  expect(await why("curious", "v3.0.0-weird")).toMatchObject({
    verdict: "skipped",
    facts: [{ reason: { code: "excluded" } }],
  });
  expect(await why("curious", "1.5.0")).toMatchObject({
    verdict: "skipped",
    facts: [{ reason: { code: "downgrade" } }],
  });
  expect(await why("curious", "9.9.9")).toMatchObject({ verdict: "never_seen", facts: [] });
  // What was only seen is known by its signal alone: the entry is forgotten once no feed shows it.
  const target = { mode: "maintain", stacks: ["curious"] };
  const config = { provider: "npm", url: "https://packages.test.org/curious", event: "release", target };
  expect((await call("PUT", "/feed-sources/curious-feed", config)).status).toBe(201);
  const signal = { sourceId: "curious-feed", revision: 0, seenAt: "2026-01-01T00:00:00.000Z" };
  const noTag = { stackId: "curious", pass: false, code: "no_tag", message: "no tag names the version 7.0.0" };
  await db.insert(feedSignals).values([
    { ...signal, entryId: "6", entry: { entryId: "6", tag: "v6.0.0" }, disposition: "primed", decisions: [] },
    { ...signal, entryId: "7", entry: { entryId: "7", version: "7.0.0" }, disposition: "filtered", decisions: [noTag] },
  ]);
  expect(await why("curious", "6.0.0")).toMatchObject({ verdict: "primed", facts: [{ kind: "seen" }] });
  expect(await why("curious", "7.0.0")).toMatchObject({ verdict: "filtered", message: noTag.message });
  expect((await call("GET", "/stacks/nobody/why?version=1")).status).toBe(404);
});
