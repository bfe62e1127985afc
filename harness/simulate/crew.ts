/**
 * Threads that play seeds, as many as there are cores.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Order, Report } from "./crew-member.ts";

/** Seeds in one order: small enough for progress to be seen. */
const CHUNK = 50;

const MEMBER = fileURLToPath(new URL("./crew-member.ts", import.meta.url).href);

export const CREW_SIZE = Math.max(2, Math.min(8, availableParallelism()));

/** Plays `count` seeds from `from` on; `seen` hears of every piece that is done. */
export async function playSeeds(
  from: number,
  count: number,
  trace: boolean,
  seen: (report: Report) => void,
): Promise<void> {
  let next = from;
  const end = from + count;
  await Promise.all(
    Array.from({ length: Math.min(CREW_SIZE, Math.ceil(count / CHUNK)) }, async () => {
      await using member = hire();
      while (next < end) {
        const piece = Math.min(CHUNK, end - next);
        next += piece;
        seen(await member.order({ from: next - piece, count: piece, trace, untilViolation: false }));
      }
    }),
  );
}

/** Plays a mutant until an invariant is violated, `limit` seeds at most. */
export async function playMutant(mutant: string, from: number, limit: number): Promise<Report> {
  await using member = hire(mutant);
  return await member.order({ from, count: limit, trace: false, untilViolation: true });
}

type Member = AsyncDisposable & { order: (order: Order) => Promise<Report> };

function hire(mutant?: string): Member {
  const worker = new Worker(MEMBER, { workerData: mutant === undefined ? {} : { mutant } });
  return {
    order: (order) =>
      new Promise((resolve, reject) => {
        const answered = (report: Report) => {
          worker.off("error", reject);
          resolve(report);
        };
        worker.once("message", answered);
        worker.once("error", reject);
        worker.postMessage(order);
      }),
    [Symbol.asyncDispose]: async () => {
      await worker.terminate();
    },
  };
}
