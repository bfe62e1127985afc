/**
 * Events by hand: accepted once, handed over when asked, never with other content under one id.
 */
import { expect, it } from "vitest";
import { attemptsOf, call, declareStack, postRelease, releaseEventId } from "../../harness/edge/client.ts";

const event = (id: string, more: object = {}) => ({
  id,
  type: "upstream.release",
  payload: { entry: { entryId: "v1", tag: "v1.0.0" } },
  ...more,
});

it("accepts an event once, and hands one that was only recorded to a stack later", async () => {
  await declareStack("later");
  const recorded = await call("POST", "/flow-events", event("later-1"));
  expect([recorded.status, recorded.body]).toMatchObject([201, { accepted: true, event: { stackIds: [] } }]);
  expect((await call("POST", "/flow-events/later-1/replay")).status).toBe(409);
  const handed = await call("POST", "/flow-events", event("later-1", { stackIds: ["later"] }));
  expect([handed.status, handed.body]).toMatchObject([200, { accepted: false, event: { stackIds: ["later"] } }]);
  await call("POST", "/flow-events", event("later-1", { stackIds: ["later"] }));
  expect((await attemptsOf("later")).map((a) => a.status)).toEqual(["dispatched"]);
});

it("lists by stack tell what the events are, also once they were handed to more stacks", async () => {
  for (const id of ["many-a", "many-b", "many-c"]) await declareStack(id);
  const more = { sourceId: "gone", occurredAt: "2026-01-01T00:00:00.000Z" };
  const post = async (id: string, stackIds: string[]) =>
    expect((await call("POST", "/flow-events", event(id, { ...more, stackIds }))).status).toBeLessThan(300);
  await post("many-1", ["many-a", "many-b", "many-a"]);
  await post("many-2", ["many-b"]);
  await post("many-1", ["many-b", "many-c"]);
  const listed = async (query: string) => {
    const { body } = await call("GET", `/flow-events?${query}`);
    return (body as { events: { id: string; stackIds: string[] }[] }).events;
  };
  for (const [stackId, ids] of [
    ["many-a", ["many-1"]],
    ["many-b", ["many-2", "many-1"]],
    ["many-c", ["many-1"]],
  ] as const) {
    const whole = await Promise.all(
      ids.map(async (id) => ((await call("GET", `/flow-events/${id}`)).body as { event: unknown }).event),
    );
    expect(await listed(`stackId=${stackId}`)).toEqual(whole);
    expect(await listed(`stackId=${stackId}&type=upstream.release`)).toEqual(whole);
    expect(await listed(`stackId=${stackId}&type=upstream.tag`)).toEqual([]);
  }
  expect((await listed("stackId=many-c"))[0]?.stackIds).toEqual(["many-a", "many-b", "many-c"]);
});

it("refuses another event under the same id, and events that name nothing to carry a stack onto", async () => {
  await call("POST", "/flow-events", event("one-id"));
  const other = await call("POST", "/flow-events", {
    ...event("one-id"),
    payload: { entry: { entryId: "v2", tag: "v2" } },
  });
  expect([other.status, other.body]).toMatchObject([409, { error: { code: "id_reused" } }]);
  const bare = await call("POST", "/flow-events", { ...event("bare"), payload: { entry: { entryId: "x" } } });
  expect([bare.status, bare.body]).toMatchObject([400, { error: { code: "invalid_request" } }]);
  for (const entry of [{ tag: "--upload-pack=x" }, { tag: "v\n1" }, { ref: "a..b" }, { sha: "abc" }]) {
    const odd = await call("POST", "/flow-events", { ...event("odd"), payload: { entry: { entryId: "x", ...entry } } });
    expect([odd.status, odd.body]).toMatchObject([400, { error: { code: "invalid_request" } }]);
  }
  for (const receivers of [{ stackIds: ["nobody"] }, { sourceId: "nobody" }]) {
    const nobody = await call("POST", "/flow-events", event("nobody", receivers));
    expect([nobody.status, nobody.body]).toMatchObject([400, { error: { code: "invalid_request" } }]);
    expect(JSON.stringify(nobody.body)).toMatch(/(stackIds|sourceId): there is no/);
  }
  expect((await call("GET", "/flow-events/nobody")).status).toBe(404);
});

it("says what can be done instead of a retry", async () => {
  await declareStack("instead");
  await postRelease("instead", "v1.0.0");
  const path = `/flow-events/${encodeURIComponent(releaseEventId("instead", "v1.0.0"))}`;
  const early = await call("POST", `${path}/retry`);
  expect([early.status, early.body]).toMatchObject([409, { error: { code: "not_retryable" } }]);
  expect(JSON.stringify(early.body)).toContain("cancel it first");
  await call("POST", "/maintenance-attempts/instead.1/cancel");
  const retry = await call("POST", `${path}/retry`, "", { "content-type": "application/json" });
  expect([retry.status, retry.body]).toMatchObject([202, { attempt: { id: "instead.2", operation: "retry" } }]);
});

it("shows hand-overs by state, and all that are under way as started", async () => {
  await declareStack("handed");
  await postRelease("handed", "v1.0.0");
  const eventId = encodeURIComponent(releaseEventId("handed", "v1.0.0"));
  await call("POST", "/maintenance-attempts/handed.1/cancel");
  await call("POST", `/flow-events/${eventId}/retry`);
  const ids = async (status: string) => {
    const { body } = await call("GET", `/workspace-dispatches?eventId=${eventId}&status=${status}`);
    return (body as { dispatches: { id: string }[] }).dispatches.map(({ id }) => id);
  };
  expect(await ids("started")).toEqual(["handed.2.1"]);
  expect(await ids("withdrawn,started")).toEqual(["handed.2.1", "handed.1.1"]);
  expect((await call("GET", "/flow-dispatches?status=running")).status).toBe(400);
});
