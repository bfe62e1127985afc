/** What happened before the record began is shown, and is never work. */
import { describe, expect, it } from "vitest";
import { attemptsOf, call, declareStack, expectBody, oid, postRelease } from "../../harness/edge/client.ts";
import { SourceHistoryAnswer, StackHistoryAnswer } from "../contract/history.ts";

const AT = "2024-01-01T00:00:00.000Z";
const EVENT = "patch:told:v1.1.0:upstream.release";

function past(more: object = {}) {
  return {
    events: [
      { id: EVENT, type: "upstream.release", receivedAt: AT, payload: { entry: { entryId: "v1.1.0", tag: "v1.1.0" } } },
    ],
    attempts: [
      {
        eventId: EVENT,
        status: "changed",
        reason: { code: "imported", message: "was changed" },
        candidates: [{ kind: "branch", ref: "refs/heads/x", oid: oid(7) }],
        landed: true,
        createdAt: AT,
        endedAt: AT,
      },
    ],
    ...more,
  };
}

describe("history", () => {
  it("is in lists and in why, once, and starts nothing", async () => {
    await declareStack("told");
    const carried = { tag: "v1.1.0", oid: oid(7), landedAt: AT };
    const first = await call("POST", "/stacks/told/history", past({ carried }));
    expect(expectBody(StackHistoryAnswer, first)).toEqual({ attempts: ["told.1"], same: 0 });
    const again = await call("POST", "/stacks/told/history", past({ carried }));
    expect(expectBody(StackHistoryAnswer, again)).toEqual({ attempts: [], same: 1 });
    await call("POST", "/tick");
    expect(await attemptsOf("told")).toMatchObject([{ id: "told.1", status: "changed", createdAt: AT, endedAt: AT }]);
    expect((await call("GET", "/stacks/told/why?version=v1.1.0")).body).toMatchObject({ verdict: "done" });
    expect((await call("GET", "/candidates?stackId=told")).body).toMatchObject({
      candidates: [{ oid: oid(7), landedAt: AT }],
    });
    expect((await call("GET", "/stacks/told")).body).toMatchObject({ stack: { highestTag: "v1.1.0", carried } });
  });

  it("is never carried again, and the next release is", async () => {
    await postRelease("told", "v1.1.0");
    await postRelease("told", "v1.0.0");
    await postRelease("told", "v1.2.0");
    expect((await attemptsOf("told")).map(({ status, reason }) => [status, reason?.code])).toEqual([
      ["dispatched", undefined],
      ["skipped", "downgrade"],
      ["skipped", "same_movement"],
      ["changed", "imported"],
    ]);
  });

  it("makes what a source has told no news", async () => {
    const source = { provider: "git", url: "https://git.test.org/up", event: "tag", enabled: false };
    await call("PUT", "/feed-sources/told-feed", { ...source, target: { mode: "maintain", stacks: ["told"] } });
    const entries = [{ entry: { entryId: "v0.9.0", tag: "v0.9.0" }, seenAt: AT }];
    const path = "/feed-sources/told-feed/history";
    expect(expectBody(SourceHistoryAnswer, await call("POST", path, { entries }))).toEqual({ new: 1, same: 0 });
    expect(expectBody(SourceHistoryAnswer, await call("POST", path, { entries }))).toEqual({ new: 0, same: 1 });
    expect((await call("GET", "/stacks/told/why?version=v0.9.0")).body).toMatchObject({ verdict: "primed" });
  });

  it("needs a stack and a source that are declared, and attempts that are over", async () => {
    expect((await call("POST", "/stacks/none/history", past())).status).toBe(404);
    expect(
      (await call("POST", "/feed-sources/none/history", { entries: [{ entry: { entryId: "x" }, seenAt: AT }] })).status,
    ).toBe(404);
    const [attempt] = past().attempts;
    expect((await call("POST", "/stacks/told/history", { attempts: [{ ...attempt, status: "queued" }] })).status).toBe(
      400,
    );
  });
});
