/**
 * Vitest set-up inside workerd: every test file starts with the current schema and no rows, and reaches this machine
 * alone. Looking up a name outside of it takes as long as the network likes, and what comes back when a file has
 * ended can keep the run from ending.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";

const { fetch: fetchAnywhere } = globalThis;
globalThis.fetch = async (input, init) => {
  const { hostname } = new URL(input instanceof Request ? input.url : input);
  if (hostname === "127.0.0.1" || hostname === "localhost") return fetchAnywhere(input, init);
  throw new TypeError(`tests reach nothing but this machine, and not ${hostname}`);
};

/** A busy machine was seen to leave rows of the file before: what was to be wiped is looked at. */
async function isEmpty(): Promise<boolean> {
  const owners = ["stacks", "feed_sources", "flow_events", "runners", "tokens"];
  const rows = owners.map((table) => `(SELECT count(*) FROM ${table})`).join(" + ");
  return (await env.DB.prepare(`SELECT ${rows} AS n`).first<number>("n")) === 0;
}

for (let tries = 1; ; tries++) {
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  if (await isEmpty()) break;
  if (tries === 5) throw new Error("the record of the test file before is still there");
}
