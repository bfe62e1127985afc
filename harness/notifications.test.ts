/** Notifications as each target gets them, and what the edge's log says meanwhile. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { verifyWebhook } from "../worker/contract/standard-webhooks.ts";
import { type Deployment, startDeployment } from "./deployment/deployment.ts";
import { until } from "./process/until.ts";

const SECRET_PATH = "/api/webhooks/1/canary-of-the-webhook-url";

const Message = z.object({
  allowed_mentions: z.object({ parse: z.array(z.string()) }),
  embeds: z.array(z.object({ title: z.string(), description: z.string() })),
});

const WEBHOOK_SECRET = `whsec_${randomBytes(32).toString("base64")}`;

let folder: string;
let deployment: Deployment;
let discord: Server;
const messages: { url: string | undefined; body: string; headers: Headers }[] = [];

function sentTo(path: string): typeof messages {
  return messages.filter(({ url }) => url === path);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "notifications-"));
  discord = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const given = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
      messages.push({ url: request.url, body, headers: new Headers(given) });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => discord.listen(0, "127.0.0.1", resolve));
  const address = discord.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${address.port}`;
  deployment = await startDeployment(folder, {
    variables: {
      DISCORD_WEBHOOK_URL: `${origin}${SECRET_PATH}`,
      SLACK_WEBHOOK_URL: `${origin}/slack`,
      NOTIFY_WEBHOOK_URL: `${origin}/webhook`,
      NOTIFY_WEBHOOK_SECRET: WEBHOOK_SECRET,
      EMAIL_API_URL: `${origin}/emails`,
      EMAIL_API_KEY: "key-of-the-mail-provider",
      EMAIL_FROM: "patch.moi <patch@test.org>",
      EMAIL_TO: "one@test.org, two@test.org",
    },
  });
});

afterAll(async () => {
  await deployment?.edge.stop();
  discord?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function release(tag: string, stackId = "told"): Promise<void> {
  const body = {
    id: `patch:by-hand:${stackId}:${tag}:upstream.release`,
    type: "upstream.release",
    payload: { entry: { entryId: tag, tag } },
    stackIds: [stackId],
  };
  const response = await fetch(`${deployment.edge.url}/flow-events`, {
    method: "POST",
    headers: { authorization: `Bearer ${deployment.edge.adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
}

it("tells what the policy asks for, once, as an embed that pings nobody; the log holds no secret", async () => {
  await deployment.api.putStack("told", {
    upstream: { url: "https://git.test.org/up" },
    fork: { url: "https://git.test.org/fork" },
    branch: "patched",
    policy: { notify: { discord: ["superseded"] } },
  });
  await release("v1.0.0");
  await release("v1.1.0-@everyone");
  await release("v2.0.0");
  await until("both messages", () => Promise.resolve(messages.length > 1 ? messages : undefined));
  await deployment.edge.tick();
  expect(messages.map((message) => message.url)).toEqual([SECRET_PATH, SECRET_PATH]);
  const told = messages.map((message) => Message.parse(JSON.parse(message.body)));
  expect(told.map((message) => message.allowed_mentions)).toEqual([{ parse: [] }, { parse: [] }]);
  expect(told.flatMap((message) => message.embeds.map((embed) => `${embed.title} | ${embed.description}`))).toEqual([
    "told: v1.0.0 gave way to a newer one | v1.1.0-@everyone is newer; told.2 takes its place",
    "told: v1.1.0-@everyone gave way to a newer one | v2.0.0 is newer; told.3 takes its place",
  ]);
  const log = readFileSync(deployment.edge.log, "utf8");
  expect(log).toContain("outbox.sent");
  expect(log).not.toContain("canary-of-the-webhook-url");
  expect(log).not.toContain(deployment.edge.adminToken);
});

it("tells Slack, a signed webhook and e-mail the same, each in its own way, with a link to act", async () => {
  await deployment.api.putStack("spread", {
    upstream: { url: "https://git.test.org/up" },
    fork: { url: "https://git.test.org/fork" },
    branch: "patched",
    policy: { notify: { slack: ["superseded"], webhook: ["superseded"], email: ["superseded"] } },
  });
  await release("v1.0.0-<!channel>", "spread");
  await release("v1.1.0", "spread");
  const paths = ["/slack", "/webhook", "/emails"];
  await until("three messages", () => Promise.resolve(paths.every((path) => sentTo(path).length === 1) || undefined));
  const link = `${deployment.edge.url}/console/attempts/spread.1`;
  const [slack] = sentTo("/slack");
  const blocks = z
    .object({ text: z.string(), blocks: z.array(z.object({ type: z.string(), text: z.unknown().optional() })) })
    .parse(JSON.parse(slack?.body ?? ""));
  expect(blocks.text).toBe("spread: v1.0.0-&lt;!channel&gt; gave way to a newer one");
  // Nothing of upstream's is markup there.
  expect(slack?.body).not.toContain("mrkdwn");
  expect(slack?.body).toContain(link);
  const [webhook] = sentTo("/webhook");
  const raw = new TextEncoder().encode(webhook?.body);
  expect(await verifyWebhook([WEBHOOK_SECRET], webhook?.headers ?? new Headers(), raw, Date.now())).toBeUndefined();
  expect(JSON.parse(webhook?.body ?? "")).toMatchObject({
    type: "attempt.superseded",
    data: { stackId: "spread", attemptId: "spread.1", link },
  });
  const [mail] = sentTo("/emails");
  expect(mail?.headers.get("authorization")).toBe("Bearer key-of-the-mail-provider");
  expect(JSON.parse(mail?.body ?? "")).toMatchObject({
    to: ["one@test.org", "two@test.org"],
    subject: "spread: v1.0.0-<!channel> gave way to a newer one",
    text: expect.stringContaining(link) as string,
  });
  const log = readFileSync(deployment.edge.log, "utf8");
  for (const secret of [WEBHOOK_SECRET, "key-of-the-mail-provider"]) expect(log).not.toContain(secret);
});
