/** Notifications as Discord gets them, and what the edge's log says meanwhile. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { type Deployment, startDeployment } from "./deployment/deployment.ts";
import { until } from "./process/until.ts";

const SECRET_PATH = "/api/webhooks/1/canary-of-the-webhook-url";

const Message = z.object({
  allowed_mentions: z.object({ parse: z.array(z.string()) }),
  embeds: z.array(z.object({ title: z.string(), description: z.string() })),
});

let folder: string;
let deployment: Deployment;
let discord: Server;
const messages: { url: string | undefined; body: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "notifications-"));
  discord = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      messages.push({ url: request.url, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => discord.listen(0, "127.0.0.1", resolve));
  const address = discord.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const discordWebhookUrl = `http://127.0.0.1:${address.port}${SECRET_PATH}`;
  deployment = await startDeployment(folder, { discordWebhookUrl });
});

afterAll(async () => {
  await deployment?.edge.stop();
  discord?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function release(tag: string): Promise<void> {
  const body = {
    id: `patch:by-hand:${tag}:upstream.release`,
    type: "upstream.release",
    payload: { entry: { entryId: tag, tag } },
    stackIds: ["told"],
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
    "told: superseded | v1.1.0-@everyone is newer; told.2 takes its place",
    "told: superseded | v2.0.0 is newer; told.3 takes its place",
  ]);
  const log = readFileSync(deployment.edge.log, "utf8");
  expect(log).toContain("outbox.sent");
  expect(log).not.toContain("canary-of-the-webhook-url");
  expect(log).not.toContain(deployment.edge.adminToken);
});
