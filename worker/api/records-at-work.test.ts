/**
 * An export reads a deployment that goes on meanwhile, and an import takes what was exported by an older version or
 * comes in another order: what stands in the end is what happened.
 */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import {
  call,
  changed,
  declareStack,
  expectBody,
  postRelease,
  stackWithRunner,
  tell,
  tellResult,
} from "../../harness/edge/client.ts";
import { BROUGHT, empty, exported, file, imported } from "../../harness/edge/record-copy.ts";
import { RecordKind, type RecordLine, RecordPage } from "../contract/record.ts";
import { ImportList } from "../contract/record-import.ts";
import { emptyReport } from "../contract/testing/empty-report.ts";
import { openDatabase } from "../store/database.ts";
import { importRecords } from "../store/record-import.ts";
import { giveUp } from "../store/restorations.ts";

const SEED = Math.floor(Math.random() * 2 ** 31);

function dice(seed: number) {
  let state = seed;
  return (sides: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Everything that an attempt goes through: a conflict, a resolution, a landing, and the next release. */
async function life(): Promise<(() => Promise<unknown>)[]> {
  const runner = await stackWithRunner("one");
  await declareStack("two");
  const next = (work: (job: Awaited<ReturnType<typeof runner.job>>) => Promise<unknown>) => async () =>
    work(await runner.job());
  const reason = { code: "conflict", message: "a patch conflicts" };
  return [
    () => postRelease("one", "v1.0.0"),
    next((job) => tellResult(job, { outcome: "needs_intervention", reason, report: emptyReport("one") })),
    () => call("POST", "/maintenance-attempts/one.1/resume", { note: "resolved" }),
    next((job) => tellResult(job, changed(job))),
    () => call("POST", "/maintenance-attempts/one.1/land", {}),
    next((job) => tellResult(job, { outcome: "completed" })),
    () => postRelease("one", "v1.1.0"),
    next((job) => tell(job, { type: "attempt.heartbeat" })),
    () => call("POST", "/stacks/two/pause"),
  ];
}

/** As the command line reads it: kind by kind, and a stack that went on is read again before it is where it stands. */
async function exportedMeanwhile(between: (kind: RecordKind) => Promise<void>): Promise<RecordLine[]> {
  const all: RecordLine[] = [];
  for (const kind of RecordKind.options) {
    await between(kind);
    const page = expectBody(RecordPage, await call("GET", `/records?cursor=${kind}:0`));
    for (const line of page.records.filter((one) => one.kind === kind)) {
      const id = String(line.record.id);
      const seqs = all.flatMap((one) =>
        one.kind === "journal" && one.record.stackId === id ? [Number(one.record.seq)] : [],
      );
      const read = Math.max(0, ...seqs);
      if (kind !== "stack_standing" || line.record.journalSeq === read) all.push(line);
      else {
        const moved = await call("GET", `/records/stacks/${id}?afterSeq=${read}`);
        all.push(...expectBody(RecordPage, moved).records);
      }
    }
  }
  return all;
}

const byKey = (lines: readonly RecordLine[]) =>
  lines
    .filter(({ kind }) => !BROUGHT.includes(kind))
    .map((line) => JSON.stringify(line))
    .toSorted();

beforeEach(empty);

it.each([undefined, SEED, SEED + 1])(
  "is whole, whatever happens while it is read: seed %s",
  async (seed) => {
    const steps = await life();
    const roll = seed === undefined ? undefined : dice(seed);
    // Where in the reading each of them happens, all of them late without a seed; none when stacks' last lines are read.
    const places = steps
      .map(() => roll?.(RecordKind.options.length) ?? RecordKind.options.indexOf("forecast"))
      .toSorted((one, other) => one - other);
    let done = 0;
    const lines = await exportedMeanwhile(async (kind) => {
      const here = RecordKind.options.indexOf(kind);
      for (; done < steps.length && (places[done] ?? 0) <= here; done++) await steps[done]?.();
    });
    const whole = await exported();
    await empty();
    const answer = await imported(lines);
    expect(answer.refused).toEqual([]);
    expect(byKey(await exported())).toEqual(byKey(whole));
  },
  60_000,
);

it("gives up what a file began that is lost, and another one brings it", async () => {
  const runner = await stackWithRunner("one");
  const source = { provider: "git", url: "https://git.test.org/up", event: "tag", enabled: false };
  await call("PUT", "/feed-sources/tags", { ...source, target: { mode: "maintain", stacks: ["one"] } });
  await postRelease("one", "v1.0.0");
  const job = await runner.job();
  await tellResult(job, changed(job));
  const lines = await exported();
  await empty();
  const lost = lines.filter(({ kind, record }) => kind !== "journal" || Number(record.seq) < 3);
  expect((await imported(lost, 500, "b")).refused.map(({ kind, code }) => [kind, code])).toEqual([
    ["stack_standing", "incomplete"],
    ["source_standing", "incomplete"],
  ]);
  expect(new Set((await imported(lines)).refused.map(({ code }) => code))).toEqual(new Set(["in_use"]));
  const { imports } = expectBody(ImportList, await call("GET", "/imports"));
  const [, begun] = imports;
  const taken = await call("POST", `/imports/${begun?.id}/give-up`);
  expect(taken).toMatchObject({ status: 200, body: { stacks: ["one"], sources: ["tags"], more: false } });
  expect((await call("GET", "/feed-sources/tags")).status).toBe(404);
  const kinds = new Set((await exported()).map(({ kind }) => kind));
  expect(kinds).toEqual(new Set(["event", "runner", "import"]));
  expect((await imported(lines)).refused).toEqual([]);
  expect(byKey(await exported())).toEqual(byKey(lines));
  // What stands is nobody's to give up.
  const [last] = expectBody(ImportList, await call("GET", "/imports")).imports;
  const none = await call("POST", `/imports/${last?.id}/give-up`);
  expect(none.body).toEqual({ stacks: [], sources: [], more: false });
  expect(byKey(await exported())).toEqual(byKey(lines));
});

it("may come twice at once, and writes nothing over what another import finished meanwhile", async () => {
  const runner = await stackWithRunner("one");
  await postRelease("one", "v1.0.0");
  const job = await runner.job();
  await tellResult(job, changed(job));
  const lines = await exported();
  await empty();
  await Promise.all([imported(lines, 3), imported(lines, 4)]);
  expect(byKey(await exported())).toEqual(byKey(lines));
  // Between the look at a stack and the write it comes to stand.
  await empty();
  await imported(lines.filter(({ kind }) => kind !== "stack_standing"));
  const overtaken = new Proxy(env.DB, {
    get(target, name) {
      if (name !== "batch") return (target[name as keyof D1Database] as () => unknown).bind(target);
      return async (statements: D1PreparedStatement[]) => {
        const restorations = await target.prepare("SELECT count(*) AS n FROM restorations").first<{ n: number }>();
        if (statements.length === 2 && restorations?.n === 1 && looked++ > 0)
          await target.prepare("DELETE FROM restorations").run();
        return target.batch(statements);
      };
    },
  });
  let looked = 0;
  const at = "2026-01-01T00:00:00.000Z";
  const by = { id: `imp_${"0".repeat(24)}`, file: { ...file("a"), server: undefined }, now: at };
  const stale = lines
    .filter(({ kind }) => kind === "attempt")
    .map((line) => ({ ...line, record: { ...line.record, status: "failed" } }));
  const answer = await importRecords(openDatabase(overtaken), stale, by);
  expect(answer).toMatchObject({ new: 0, refused: [{ kind: "attempt", code: "in_use" }] });
  const { results } = await env.DB.prepare("SELECT status FROM maintenance_attempts").all();
  expect(results).toEqual([{ status: "changed" }]);
});

it("gives nothing up that its import finished since it was looked for", async () => {
  await stackWithRunner("one");
  await postRelease("one", "v1.0.0");
  const lines = await exported();
  await empty();
  await imported(lines.filter(({ kind }) => kind !== "stack_standing"));
  const begun = await env.DB.prepare("SELECT sha256 FROM restorations").first<{ sha256: string }>();
  const finishedFirst = new Proxy(env.DB, {
    get(target, name) {
      if (name !== "batch") return (target[name as keyof D1Database] as () => unknown).bind(target);
      return async (statements: D1PreparedStatement[]) => {
        await imported(lines);
        return target.batch(statements);
      };
    },
  });
  const given = await giveUp(openDatabase(finishedFirst), begun?.sha256 ?? "");
  expect(given).toEqual({ removed: [], more: false });
  expect(byKey(await exported())).toEqual(byKey(lines));
});

it("takes what an older version exported: what came later is as it is where nothing was said", async () => {
  const runner = await stackWithRunner("one");
  await postRelease("one", "v1.0.0");
  const job = await runner.job();
  await tellResult(job, changed(job));
  const lines = await exported();
  const later: Partial<Record<RecordKind, string[]>> = {
    attempt: ["surface", "channel", "candidateId", "cancelRequested"],
    stack_standing: ["channels", "endedCounts", "forecast"],
    dispatch: ["runs", "reason"],
    token: ["expiresAt"],
  };
  const older = lines.map(({ kind, record }) => {
    const kept = Object.entries(record).filter(([property]) => later[kind]?.includes(property) !== true);
    const { policy, ...config } = (record.config ?? {}) as { policy?: { landing?: string } };
    const { landing: _, ...rest } = policy ?? {};
    return {
      kind,
      record: { ...Object.fromEntries(kept), ...(kind === "stack" ? { config: { ...config, policy: rest } } : {}) },
    };
  });
  await empty();
  expect(await imported(older)).toEqual({ new: lines.length, same: 0, refused: [] });
  expect(await imported(older)).toEqual({ new: 0, same: lines.length, refused: [] });
  const again = await exported();
  for (const kind of ["attempt", "dispatch", "stack"] as const)
    expect(again.filter((one) => one.kind === kind)).toEqual(lines.filter((one) => one.kind === kind));
});

it("takes lines twice and in any order within what refers to what, and says what is another", async () => {
  const runner = await stackWithRunner("one");
  await postRelease("one", "v1.0.0");
  const job = await runner.job();
  await tellResult(job, changed(job));
  await call("POST", "/maintenance-attempts/one.1/land", {});
  await tell(await runner.job(), { type: "attempt.heartbeat" });
  const lines = await exported();
  await empty();
  const doubled = await imported(lines.toReversed().flatMap((line) => [line, line]));
  expect(doubled).toEqual({ new: lines.length, same: lines.length, refused: [] });
  expect(byKey(await exported())).toEqual(byKey(lines));
  const edited = lines.map((line) =>
    line.kind === "journal" && line.record.seq === 2 ? { ...line, record: { ...line.record, actor: "nobody" } } : line,
  );
  const { refused } = await imported(edited);
  expect(refused.map(({ kind, key, code }) => [kind, key, code])).toEqual([["journal", "one 2", "differs"]]);
});
