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

await reset();
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
