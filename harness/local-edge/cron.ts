/**
 * The cron of a local Worker, once a minute: `node harness/local-edge/cron.ts <url>`.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { tick } from "./local-edge.ts";

/** Until `signal` aborts. A minute in which the edge does not answer is skipped, as a real cron's would be. */
export async function everyMinute(url: string, signal?: AbortSignal): Promise<void> {
  while (signal?.aborted !== true) {
    await tick(url);
    await delay(60_000 - (Date.now() % 60_000), undefined, { signal }).catch(() => {});
  }
}

if (import.meta.main) {
  const url = process.argv[2];
  if (url === undefined || !URL.canParse(url)) {
    process.stderr.write("usage: cron.ts <url of the edge>\n");
    process.exit(2);
  }
  await everyMinute(url);
}
