/** A Worker that meets an object of the version before, or one that is being replaced. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { attemptDetail, changed, declareStack, postRelease, stackWithRunner } from "../../harness/edge/client.ts";
import { formToken, Visitor } from "../../harness/edge/console-visitor.ts";
import { createApp } from "../app.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";

const app = createApp();

type Call = (...args: unknown[]) => unknown;

/** The real objects, with `change` made to what is called: by it the call fails as the platform has it fail. */
function objectsWith(change: (stub: object, method: string) => Call | undefined): Env["PATCH_STACK"] {
  const { PATCH_STACK: real } = env;
  const altered = (stub: object) =>
    new Proxy(stub, {
      get: (target, name) => change(target, String(name)) ?? (Reflect.get(target, name) as unknown),
    });
  return new Proxy(real, {
    get: (target, name) =>
      name === "getByName" ? (id: string) => altered(target.getByName(id)) : (Reflect.get(target, name) as unknown),
  });
}

/** An object whose class has none of these methods yet. */
const older = objectsWith((stub, method) =>
  ["administer", "callback", "operate"].includes(method)
    ? (...args) => (Reflect.get(stub, `${method}OfTomorrow`) as Call)(...args)
    : undefined,
);

/** As the platform ends calls to an object whose code is updated. */
const replaced = objectsWith(() => () => {
  const error = new Error("Durable Object reset because its code was updated.");
  return Promise.reject(Object.assign(error, { retryable: true, remote: true }));
});

async function ask(objects: Env["PATCH_STACK"], method: string, path: string, headers: object = {}, body = "{}") {
  const authorization = { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}`, "content-type": "application/json" };
  const request = new Request(`https://patch.test${path}`, { method, headers: { ...authorization, ...headers }, body });
  const response = await app.fetch(request, { ...env, PATCH_STACK: objects });
  return { status: response.status, wait: response.headers.get("retry-after"), text: await response.text() };
}

beforeAll(() => declareStack("between"));

it.each([
  ["of the version before", older],
  ["that is being replaced", replaced],
])("an object %s is 503 with Retry-After, for operators and in the console", async (_, objects) => {
  const { status, wait, text } = await ask(objects, "POST", "/stacks/between/pause");
  expect([status, wait]).toEqual([503, "2"]);
  expect(JSON.parse(text)).toMatchObject({ error: { code: "storage_unavailable" } });
  const visitor = await Visitor.signedIn();
  const page = await visitor.get("/console/stacks/between");
  const csrf = formToken(page);
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const form = { cookie, origin: "https://patch.test", "content-type": "application/x-www-form-urlencoded" };
  const shown = await ask(objects, "POST", "/console/stacks/between/pause", form, `csrf=${csrf}`);
  expect([shown.status, shown.text.includes("try again")]).toEqual([503, true]);
});

it("a result that came too early for the object is taken when it comes again", async () => {
  const runner = await stackWithRunner("early");
  await postRelease("early", "v1.0.0");
  const job = await runner.job();
  const { attemptId, epoch, nonce } = job;
  const result = { type: "attempt.result", attemptId, epoch, nonce, seq: 1, data: changed(job) };
  const body = JSON.stringify(result);
  const signature = await signWebhook(job.callbackKey, "early-1", new TextEncoder().encode(body), Date.now());
  expect((await ask(older, "POST", "/webhooks/runner", signature, body)).status).toBe(503);
  expect((await attemptDetail(attemptId)).attempt.status).toBe("running");
  expect((await ask(env.PATCH_STACK, "POST", "/webhooks/runner", signature, body)).status).toBe(200);
  expect((await attemptDetail(attemptId)).attempt.status).toBe("changed");
});
