/**
 * Intake: parsing beside other parsers, polls per second in workerd, and what polls ask of D1.
 *
 * @module
 */

import { type Bench, type BenchResult, rounded } from "./bench.ts";
import { benchParsers } from "./feed-parsers.ts";
import { startFeedServer } from "./feed-server.ts";
import type { PollOrder, PollReport } from "./measure-orders.ts";
import { type MeasuredEdge, startMeasuredEdge } from "./measured-edge.ts";

const SOURCES = 500;
const STACKS = 10;
const ROUNDS = 4;

/** D1 statements for 1,000 polls that find nothing. */
const WANTED_STATEMENTS = 40;

export const intake: Bench = {
  name: "intake",
  about: "parsing beside feedsmith and rss-parser, polls per second, D1 per 1,000 polls",
  async run(progress) {
    const results = await benchParsers(progress);
    const feeds = await startFeedServer();
    const edge = await startMeasuredEdge().catch((error: unknown) => {
      feeds.close();
      throw error;
    });
    try {
      await poll(edge, { declare: { base: feeds.url, from: 0, to: SOURCES, stacks: STACKS }, rounds: 1 });
      progress(`${SOURCES} sources declared and polled once`);
      results.push(...told("unchanged (304)", await poll(edge, { rounds: ROUNDS }), "not_modified", WANTED_STATEMENTS));
      feeds.busy(true);
      results.push(...told("changed", await poll(edge, { rounds: ROUNDS }), "changed"));
      return results;
    } finally {
      feeds.close();
      await edge.remove();
    }
  },
};

async function poll(edge: MeasuredEdge, order: PollOrder): Promise<PollReport> {
  const answer = await edge.post("/measure/polls", order);
  return (await answer.json()) as PollReport;
}

function told(what: string, report: PollReport, expected: string, wanted?: number): BenchResult[] {
  const polls = Object.values(report.outcomes).reduce((sum, count) => sum + count, 0);
  if (report.outcomes[expected] !== polls) throw new Error(`not all ${what}: ${JSON.stringify(report.outcomes)}`);
  const perThousand = (count: number): number => rounded((count * 1000) / polls);
  const statements = perThousand(report.d1.statements);
  return [
    { name: `${what}: polls`, value: rounded(polls / (report.milliseconds / 1000)), unit: "per second", ok: true },
    {
      name: `${what}: D1 statements in 1,000 polls`,
      value: statements,
      unit: "",
      ...(wanted === undefined ? {} : { wanted }),
      ok: wanted === undefined || statements <= wanted,
    },
    { name: `${what}: D1 requests in 1,000 polls`, value: perThousand(report.d1.requests), unit: "", ok: true },
    { name: `${what}: rows written in 1,000 polls`, value: perThousand(report.d1.rowsWritten), unit: "rows", ok: true },
  ];
}
