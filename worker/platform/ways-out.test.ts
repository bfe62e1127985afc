/** Every way out of the edge refuses every forbidden address, before anything is sent. */
import { afterEach, expect, it, vi } from "vitest";
import { httpWorkspace } from "../dispatch/workspace/http.ts";
import { webSocketWorkspace } from "../dispatch/workspace/web-socket.ts";
import { send } from "../forges/forge-request.ts";
import { fetchFeed } from "../intake/fetch-feed.ts";
import type { Notification } from "../notify/message.ts";
import { sendNotification } from "../notify/send.ts";
import { readSettings, type Settings } from "./settings.ts";
import { REFUSED_URLS } from "./testing/refused-urls.ts";

const SECRET = `whsec_${btoa("ways-out-ways-out-ways-out")}`;
const outbound = { allowLocal: false, ownHosts: ["patch.example.net"] };
const CHANGE: Notification = {
  event: "changed",
  stackId: "web",
  attemptId: "web.1",
  operation: "maintain",
  tag: "v1",
  onto: "refs/tags/v1",
  reason: null,
  candidates: [],
  at: "2026-01-15T12:00:00.000Z",
};

afterEach(() => {
  vi.restoreAllMocks();
});

it("notifications, workspaces, forges and feeds", async () => {
  const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("a request left"));
  let tried = 0;
  // Own hosts are judged where a person names a source; these two ask on the deployment's own word.
  for (const [url, code] of REFUSED_URLS.filter(([text]) => !/patch\.example\.net/i.test(text))) {
    const settings: Settings = {
      ...readSettings({}),
      slackWebhookUrl: url,
      discordWebhookUrl: url,
      notifyWebhook: { url, secret: SECRET },
      email: { apiUrl: url, apiKey: "k", from: "a@example.org", to: ["b@example.org"] },
    };
    for (const target of ["slack", "discord", "webhook", "email"] as const)
      expect([url, await sendNotification(target, "id", CHANGE, settings)]).toMatchObject([url, { ok: false }]);
    expect([url, await fetchFeed(url, { etag: null, lastModified: null }, outbound)]).toMatchObject([
      url,
      { ok: false },
    ]);
    // These read the address first, and write it as it is understood: what it leads to is what counts.
    if (code !== "forbidden_address") continue;
    const asked = await send({ apiUrl: url, host: "forge", outbound }, { path: "" }, { authorization: "Bearer s" });
    expect([url, asked]).toMatchObject([url, { ok: false }]);
    for (const open of [httpWorkspace, webSocketWorkspace])
      expect([url, await open(url, SECRET, outbound)({ method: "getRun", runId: "r" })]).toMatchObject([
        url,
        { ok: false },
      ]);
    tried++;
  }
  expect(tried).toBeGreaterThan(90);
  expect(fetched).not.toHaveBeenCalled();
});
