/**
 * Processes that play seeds, as many as there are cores. Threads would wait for each other: all SQLite
 * databases of a process take their memory under one lock.
 *
 * @module
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
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
  // Nearly everything lives for one step: a larger nursery is cleared less often.
  const execArgv = ["--max-semi-space-size=64"];
  const member = fork(MEMBER, mutant === undefined ? [] : [mutant], { execArgv });
  const gone = once(member, "exit");
  return {
    order: (order) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`a member of the crew ended with ${code}`));
        member.once("exit", ended);
        member.once("message", (report) => {
          member.off("exit", ended);
          resolve(report as Report);
        });
        member.send(order);
      }),
    [Symbol.asyncDispose]: async () => {
      member.disconnect();
      await gone;
    },
  };
}
