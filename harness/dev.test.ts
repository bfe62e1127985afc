import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { AdminApi } from "./deployment/admin-api.ts";
import { type Child, startChild, waitForLine } from "./process/child.ts";
import { freePort } from "./process/free-port.ts";
import { npmRun } from "./process/npm-run.ts";

const folder = mkdtempSync(join(tmpdir(), "dev-"));
const running: Child[] = [];
afterAll(async () => {
  await Promise.all(running.map((child) => child.kill()));
  rmSync(folder, { recursive: true, force: true });
});

/** `npm run dev` until it says that it is ready, and the token that it printed. */
async function dev(env: NodeJS.ProcessEnv): Promise<{ child: Child; token: string }> {
  const child = startChild({
    name: "npm run dev",
    ...npmRun("npm run dev"),
    log: join(folder, "out.log"),
    env: { ...process.env, PATCH_MOI_STATE: join(folder, "state"), ...env },
  });
  running.push(child);
  const token = await waitForLine(child, (line) => /admin token (\S+)/.exec(line)?.[1], 90_000);
  return { child, token };
}

it("makes a token on its first start, keeps records and token for the second, and can be given both", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const first = await dev({ PORT: String(port), PATCH_ADMIN_TOKEN: undefined });
  expect(first.child.output()).toContain(`ready at ${url}`);
  expect(statSync(join(folder, "state", "dev.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, "state", "dev.json"), "utf8")).toContain(first.token);
  expect((await new AdminApi(url, "another").send("GET", "/stacks")).status).toBe(401);
  const repository = (name: string) => ({ url: `http://127.0.0.1:1/${name}.git` });
  const stack = { upstream: repository("up"), fork: repository("fork"), branch: "main" };
  await new AdminApi(url, first.token).putStack("kept", stack);
  await first.child.stop();
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();

  const second = await dev({ PORT: String(port), PATCH_ADMIN_TOKEN: undefined });
  expect(second.token).toBe(first.token);
  expect((await new AdminApi(url, second.token).stack("kept")).branch).toBe("main");
  await second.child.stop();

  const given = await dev({ PORT: String(port), PATCH_ADMIN_TOKEN: "a-token-of-my-own-choice" });
  expect(given.token).toBe("a-token-of-my-own-choice");
  expect((await new AdminApi(url, given.token).stack("kept")).branch).toBe("main");
  await given.child.stop();
});

it("says in one line what is wrong with its environment", async () => {
  const child = startChild({
    name: "npm run dev",
    ...npmRun("npm run dev"),
    log: join(folder, "refused.log"),
    env: { ...process.env, PORT: "many" },
  });
  running.push(child);
  await expect(waitForLine(child, () => undefined)).rejects.toThrow(/exit 2[\s\S]*PORT/);
});
