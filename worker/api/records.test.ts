/** The whole record goes out as lines and comes in again, into an empty and into a live deployment. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  attemptDetail,
  attemptsOf,
  call,
  changed,
  declareStack,
  expectBody,
  postRelease,
  stackWithRunner,
  TestRunner,
  tell,
  tellResult,
} from "../../harness/edge/client.ts";
import { Visitor } from "../../harness/edge/console-visitor.ts";
import { BROUGHT, begin, empty, exported, file, imported, post } from "../../harness/edge/record-copy.ts";
import { Health } from "../contract/health.ts";
import { TokenCreated } from "../contract/identity.ts";
import { IMPORT_PASSES, type RecordLine, RecordPage } from "../contract/record.ts";
import { ImportList } from "../contract/record-import.ts";
import { emptyReport } from "../contract/testing/empty-report.ts";

const SECRETS = ["canary-value-of-a-credential"];

let lines: RecordLine[];

/** What the deep health check says of unfinished imports. */
async function imports() {
  const { degraded } = expectBody(Health, await call("GET", "/healthz?deep=1"));
  return degraded?.find(({ what }) => what === "imports");
}

beforeAll(async () => {
  const runner = await stackWithRunner("one", { forecast: { everySeconds: 3600 } });
  await declareStack("two");
  const source = { provider: "git", url: "https://git.test.org/up", event: "tag", enabled: false };
  await call("PUT", "/feed-sources/tags", { ...source, target: { mode: "maintain", stacks: ["one", "two"] } });
  await call("POST", "/tokens", { name: "reader", scopes: ["read"] });
  const forge = { name: "forge", kind: "github-token", host: "github.com", value: SECRETS[0] };
  expect((await call("POST", "/credentials", forge)).status).toBe(201);
  await postRelease("one", "v1.0.0");
  const job = await runner.job();
  SECRETS.push(job.callbackKey);
  const reason = { code: "conflict", message: "a patch conflicts" };
  await tellResult(job, { outcome: "needs_intervention", reason, report: emptyReport("one") });
  await call("POST", `/maintenance-attempts/${job.attemptId}/resume`, { note: "resolved" });
  const again = await runner.job();
  SECRETS.push(again.callbackKey);
  await tellResult(again, changed(again));
  await call("POST", `/maintenance-attempts/${job.attemptId}/land`, {});
  const landing = await runner.job();
  await tell(landing, { type: "attempt.heartbeat" });
  await postRelease("two", "v2.0.0");
  await call("POST", "/stacks/two/pause");
  lines = await exported();
}, 60_000);

describe("an export", () => {
  it("holds every kind of record and no secret", () => {
    const kinds = new Set(lines.map(({ kind }) => kind));
    for (const kind of [
      "stack",
      "source",
      "source_stack",
      "journal",
      "event",
      "delivery",
      "attempt",
      "report",
      "earlier_report",
    ] as const)
      expect(kinds).toContain(kind);
    for (const kind of ["dispatch", "candidate", "runner", "token", "credential", "stack_standing"] as const)
      expect(kinds).toContain(kind);
    const text = JSON.stringify(lines);
    for (const secret of [...SECRETS, env.PATCH_ADMIN_TOKEN, env.PATCH_SIGNING_KEY]) expect(text).not.toContain(secret);
  });

  it("is for admins, and takes only cursors that it gave", async () => {
    for (const cursor of ["p1", "stack:", "stack:-1", "nothing:1", "stack:1;"]) {
      const answer = await call("GET", `/records?cursor=${encodeURIComponent(cursor)}`);
      expect([cursor, answer.status]).toEqual([cursor, 400]);
    }
  });

  it("follows a stack that went on meanwhile, up to where it stands", async () => {
    const seqs = lines.flatMap(({ kind, record }) =>
      kind === "journal" && record.stackId === "one" ? [record.seq] : [],
    );
    const page = expectBody(RecordPage, await call("GET", "/records/stacks/one?afterSeq=3"));
    const moved = page.records.filter(({ kind }) => kind === "journal").map(({ record }) => record.seq);
    expect(moved).toEqual(seqs.slice(3));
    expect(page.records.at(-1)).toEqual(
      lines.find(({ kind, record }) => kind === "stack_standing" && record.id === "one"),
    );
    expect((await call("GET", "/records/stacks/none?afterSeq=0")).status).toBe(404);
  });
});

describe("an import", () => {
  it("into the deployment itself finds everything the same", async () => {
    expect(await imported(lines)).toEqual({ new: 0, same: lines.length, refused: [] });
    expect((await exported()).filter(({ kind }) => !BROUGHT.includes(kind))).toEqual(lines);
  });

  it("into an empty one gives the same record, line for line, however often it breaks off", async () => {
    await empty();
    const part = lines.filter(({ kind }) => IMPORT_PASSES[0]?.includes(kind) === true);
    expect((await imported(part)).refused).toEqual([]);
    const some = lines.findIndex(({ kind }) => kind === "journal") + 2;
    const half = await imported(lines.filter(({ kind }, i) => kind !== "journal" || i < some));
    expect(half.refused.map(({ code }) => code)).toEqual(["incomplete", "incomplete", "incomplete"]);
    // What a source finds before its stacks are there would be lost to them.
    expect(half.refused.at(-1)?.message).toMatch(/^source 'tags' feeds stack '(one|two)', which is not whole; /);
    // Until it is whole nothing acts on it, and nobody makes an export of a half.
    expect((await call("GET", "/stacks/one")).status).toBe(404);
    expect((await call("GET", "/records")).status).toBe(409);
    expect((await call("POST", "/tick")).body).toMatchObject({ polls: 0, pokes: 0, failed: [] });
    const event = encodeURIComponent("patch:by-hand-one:v1.0.0:upstream.release");
    const refused = await call("POST", `/flow-events/${event}/replay`);
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([409, expect.stringContaining("is not finished")]);
    // Who looks is told, and what to do about it.
    const visitor = await Visitor.signedIn();
    const console = async () => (await visitor.get("/console/stacks/one")).html.replaceAll(/<[^>]*>/g, "");
    const begun = await imports();
    expect([begun?.level, begun?.next]).toEqual(["warning", expect.stringContaining("patch.moi imports")]);
    expect(begun?.why).toMatch(
      /^an import is under way, its last lines came \d+ s ago; .* for stack 'one', stack 'two', source 'tags'$/,
    );
    expect(await console()).toMatch(/Half restored: the import that began .* is under way/);
    // However long it takes: what counts is when lines came last.
    const at = (column: string, table: string, minutes: number) =>
      env.DB.prepare(`UPDATE ${table} SET ${column} = ?1`)
        .bind(new Date(Date.now() - minutes * 60_000).toISOString())
        .run();
    await at("since", "restorations", 300);
    expect(await imports()).toMatchObject({ level: "warning" });
    await at("last_at", "imports", 3);
    const broken = await imports();
    expect([broken?.level, broken?.next]).toEqual(["error", expect.stringContaining("patch.moi import FILE")]);
    expect(broken?.why).toMatch(/^an import broke off, no lines came for 3 min, since .* for stack 'one',/);
    expect(await console()).toMatch(/Half restored: .* broke off, its last lines came .*Import the same file again/);
    // Another file is not mixed into it.
    const mixed = await imported(lines, 500, "b");
    expect(mixed.new).toBe(0);
    expect(new Set(mixed.refused.map(({ code }) => code))).toEqual(new Set(["in_use"]));
    expect(mixed.refused.at(-1)?.message).toMatch(/^source 'tags' is being restored from another file: /);
    expect(await console()).not.toContain("Deleted");
    expect((await call("PUT", "/stacks/one", lines.find(({ kind }) => kind === "stack")?.record.config)).status).toBe(
      409,
    );
    const whole = await imported(lines, 7);
    expect(whole.refused).toEqual([]);
    expect(await imports()).toBeUndefined();
    expect(whole.new + whole.same).toBe(lines.length);
    // The cron was here in between, and nothing else; and it is known who brought it.
    const again = await exported();
    expect(again.filter(({ kind }) => !BROUGHT.includes(kind))).toEqual(lines);
    const told = expectBody(ImportList, await call("GET", "/imports?stackId=one")).imports;
    const { new: made, same } = whole;
    expect(told).toEqual([expect.objectContaining({ actor: "admin", file: file("a"), new: made, same, refused: 0 })]);
    expect(told[0]?.endedAt).toBeDefined();
    expect(again.filter(({ kind }) => kind === "stack_import").map(({ record }) => record.importId)).toEqual([
      told[0]?.id,
      told[0]?.id,
    ]);
    expect((await visitor.get("/console/stacks/one")).html).toContain("Brought by admin");
    expect(await imported(again)).toEqual({ new: 0, same: again.length, refused: [] });
    expect(await imported(lines)).toEqual({ new: 0, same: lines.length, refused: [] });
  });

  it("leaves a stack that goes on from where it stood, its journal without a gap", async () => {
    await call("POST", "/stacks/two/unpause");
    const runner = await TestRunner.register("after", ["two"]);
    const job = await runner.job();
    expect(job.attemptId).toBe("two.1");
    await tellResult(job, changed(job));
    const { results } = await env.DB.prepare("SELECT seq FROM journal WHERE stack_id = 'two' ORDER BY seq").all();
    expect(results.map(({ seq }) => seq)).toEqual(results.map((_, i) => i + 1));
  });

  it("never touches what is at work, and says what it left", async () => {
    const before = await attemptsOf("two");
    const answer = await imported(lines);
    expect(answer.new).toBe(0);
    expect(new Set(answer.refused.map(({ kind }) => kind))).toEqual(new Set(["attempt", "dispatch", "stack_standing"]));
    expect(answer.refused.every(({ code }) => code === "differs")).toBe(true);
    expect(await attemptsOf("two")).toEqual(before);
  });

  it("refuses line by line what is no record, refers to nothing or is another's", async () => {
    const stack = lines.find(({ kind }) => kind === "stack");
    const attempt = lines.find(({ kind }) => kind === "attempt");
    const token = lines.find(({ kind }) => kind === "token");
    const answer = await post([
      null,
      { kind: "nonsense", record: {} },
      { kind: "stack", record: { ...stack?.record, id: "Not A Name" } },
      { kind: "stack", record: { ...stack?.record, more: 1 } },
      { kind: "attempt", record: { ...attempt?.record, status: "sleeping" } },
      { kind: "attempt", record: { ...attempt?.record, id: "none.1", stackId: "none" } },
      { kind: "attempt", record: { ...attempt?.record, id: "two.99", stackId: "two", number: 99 } },
      { kind: "token", record: { ...token?.record, scopes: ["admin"] } },
      { kind: "token", record: { ...token?.record, name: "same-hash" } },
      {
        kind: "delivery",
        record: {
          eventId: "nothing",
          stackId: "one",
          status: "pending",
          createdAt: "2026-01-01T00:00:00.000Z",
          acceptedAt: null,
        },
      },
      { kind: "stack", record: { ...stack?.record, id: "three" } },
      {
        kind: "attempt",
        record: { ...attempt?.record, id: "three.1", stackId: "three", eventId: "nothing", nonce: null },
      },
    ]);
    expect(answer.refused.map(({ index, code }) => [index, code])).toEqual([
      [0, "invalid"],
      [1, "invalid"],
      [2, "invalid"],
      [3, "invalid"],
      [4, "invalid"],
      [5, "missing"],
      [6, "in_use"],
      [7, "differs"],
      [8, "taken"],
      [9, "in_use"],
      [11, "missing"],
    ]);
    expect(answer).toMatchObject({ new: 1, same: 0 });
    expect((await call("POST", "/records", { v: 2, import: await begin(), records: [{}] })).status).toBe(400);
    // Nothing comes in without a record of who brought it.
    expect((await call("POST", "/records", { v: 1, records: [{}] })).status).toBe(400);
    const over = await begin();
    await call("POST", `/imports/${over}/end`);
    for (const id of [over, `imp_${"0".repeat(24)}`])
      expect((await call("POST", "/records", { v: 1, import: id, records: [{}] })).status).toBe(404);
  });

  it("of one stack is no way to what is another's: not over it, beside it or onto its timeline", async () => {
    await declareStack("three.1");
    // An answer to a comment of that stack's: what attempt three.1 of a stack 'three' could be called, too.
    await env.DB.prepare(
      `INSERT INTO outbox (id, stack_id, kind, payload, status, tries, next_at, created_at)
       VALUES ('three.1:comment:7', 'three.1', 'review', '{}', 'sent', 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`,
    ).run();
    const at = "2026-01-01T00:00:00.000Z";
    const before = await attemptDetail("two.1");
    const first = (wanted: RecordLine["kind"]) => lines.find(({ kind }) => kind === wanted)?.record ?? {};
    const as = (kind: RecordLine["kind"], change: object) => ({
      kind,
      record: { ...first(kind), stackId: "three", ...change },
    });
    const effect = { kind: "dispatch", payload: {}, status: "pending", tries: 0, nextAt: at, lastError: null };
    const asEffect = (id: string, attemptId: string | null) => ({
      kind: "effect",
      record: { ...effect, id, stackId: "three", attemptId, createdAt: at },
    });
    const forged = [
      { kind: "token", record: { ...first("token"), name: "admin", hash: "0".repeat(64) } },
      as("attempt", { id: "two.1", number: 1, status: "completed" }),
      as("attempt", { id: "two.2", number: 2 }),
      as("attempt", { id: "three.1", number: 2 }),
      as("attempt", { id: "three.1", number: 1, landsAttemptId: "two.1" }),
      as("journal", { seq: 1, attemptId: "two.1" }),
      as("dispatch", { id: "two.1.1", attemptId: "two.1", epoch: 1 }),
      as("dispatch", { id: "two.1.2", attemptId: "three.1", epoch: 2 }),
      as("candidate", { id: "two.1.c1", attemptId: "two.1" }),
      as("candidate", { id: "two.1.c2", attemptId: "three.1" }),
      asEffect("two.2.1:dispatch", "two.2"),
      asEffect("two.2.1:dispatch", "three.1"),
      asEffect("two:comment:8", null),
      asEffect("three.1:comment:7", "three.1"),
    ];
    const answer = await post(forged);
    expect(answer.refused.map(({ index, code }) => [index, code])).toEqual([
      ...forged.slice(0, -1).map((_, i) => [i, "invalid"]),
      [forged.length - 1, "taken"],
    ]);
    expect(answer.refused[1]?.message).toBe("id: 'two.1' is not of stack 'three'");
    expect(answer).toMatchObject({ new: 0, same: 0 });
    expect(await attemptDetail("two.1")).toEqual(before);
  });

  it("is for admins: a token that reads or operates brings nothing in, and takes nothing out", async () => {
    for (const scope of ["read", "operate"]) {
      const body = { name: `only-${scope}`, scopes: [scope] };
      const { secret } = expectBody(TokenCreated, await call("POST", "/tokens", body), 201);
      const headers = { authorization: `Bearer ${secret}` };
      const brought = { v: 1, import: await begin(), records: [{ kind: "token", record: {} }] };
      for (const answer of [
        await call("POST", "/records", brought, headers),
        await call("POST", "/imports", { file: file("a") }, headers),
        await call("POST", `/imports/${brought.import}/end`, undefined, headers),
        await call("GET", "/records", undefined, headers),
        await call("GET", "/records/stacks/one?afterSeq=0", undefined, headers),
      ])
        expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
    }
  });
});
