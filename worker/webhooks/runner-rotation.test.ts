/** A rotated runner secret: both work for a day, then the new one alone. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { call, expectBody, signed } from "../../harness/edge/client.ts";
import { RunnerCreated } from "../contract/identity.ts";

const DAY_MS = 86_400_000;

function pull(name: string, secret: string) {
  const runner = { name, version: "1.0.0" };
  return signed("/runner/claim", secret, { nonce: crypto.randomUUID(), waitSeconds: 0, runner });
}

async function rotate(name: string): Promise<RunnerCreatedBody> {
  return expectBody(RunnerCreated, await call("POST", `/runners/${name}/rotate`));
}
type RunnerCreatedBody = { runner: { previousSecretUntil?: string | undefined }; secret: string };

it("takes the old secret for 24 hours, and only the one before", async () => {
  const name = "rotates";
  const labels = ["nothing-to-do"];
  const first = expectBody(RunnerCreated, await call("POST", "/runners", { name, labels }), 201);
  const second = await rotate(name);
  expect(second.secret).not.toBe(first.secret);
  const until = Date.parse(second.runner.previousSecretUntil ?? "");
  expect(Math.abs(until - Date.now() - DAY_MS)).toBeLessThan(60_000);
  expect((await pull(name, first.secret)).status).toBe(204);
  expect((await pull(name, second.secret)).status).toBe(204);

  const third = await rotate(name);
  expect((await pull(name, first.secret)).status).toBe(401);
  expect((await pull(name, second.secret)).status).toBe(204);

  const past = new Date(Date.now() - 1000).toISOString();
  await env.DB.prepare("UPDATE runners SET previous_until = ?1 WHERE name = ?2").bind(past, name).run();
  expect((await pull(name, second.secret)).status).toBe(401);
  expect((await pull(name, third.secret)).status).toBe(204);
  const listed = JSON.stringify((await call("GET", "/runners")).body);
  expect(listed).not.toContain("previousSecretUntil");
  expect(listed).not.toMatch(/whsec_|keyId/i);
});

it("says so when there is no such runner", async () => {
  expect((await call("POST", "/runners/nobody/rotate")).status).toBe(404);
});
