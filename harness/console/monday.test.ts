/**
 * Monday morning at the console: real Chromium, edge, Git server and runner. Also every page in both
 * schemes and two widths, looked over by axe; the pictures go to `artifacts/console/`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { TokenCreated } from "../../worker/contract/identity.ts";
import { Narrator } from "../rehearsal/narrator.ts";
import { type Stage, setStage } from "../rehearsal/stage.ts";
import { polledSince } from "../rehearsal/waiting.ts";
import { VERIFY_COMMAND } from "../upstream-life/lantern.ts";
import { BRANCH } from "../upstream-life/life.ts";
import { Browser, type Finding } from "./browser.ts";

const STACK = "lantern";
const SOURCE = "lantern-releases";
const MAINTAINED = `refs/heads/${BRANCH}`;

let folder: string;
let stage: Stage;
let browser: Browser;
let tokens: { monday: string; reader: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "patch-moi-console-"));
  stage = await setStage(folder, new Narrator(() => {}));
  tokens = { monday: await makeToken("monday", ["operate", "admin"]), reader: await makeToken("reader", ["read"]) };
  const repositories = { upstream: { url: stage.upstreamUrl }, fork: { url: stage.forkUrl }, branch: BRANCH };
  await stage.api.putStack(STACK, {
    ...repositories,
    policy: { verify: [VERIFY_COMMAND], forecast: { everySeconds: 900 } },
  });
  await stage.api.putStack("lantern-lts", { ...repositories, policy: { releases: { include: ["v0.*"] } } });
  const source = { provider: "github", event: "release", target: { mode: "maintain", stacks: [STACK] } };
  await stage.api.putSource(SOURCE, { ...source, url: stage.feedUrl, pollIntervalSeconds: 86_400 });
  const gone = new URL("/nobody/nothing/releases.atom", stage.feedUrl).href;
  await stage.api.putSource("gone", { provider: "feed", event: "release", url: gone, pollIntervalSeconds: 86_400 });
  await polledSince(stage, SOURCE, "");
  browser = await Browser.start();
});

afterAll(async () => {
  await browser?.close();
  await stage?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function makeToken(name: string, scopes: string[]): Promise<string> {
  const answer = await stage.api.send("POST", "/tokens", { name, scopes });
  return TokenCreated.parse(answer.json).secret;
}

/** Polls by the button, and opens the attempt that comes of the release. */
async function openAttemptOn(tag: string): Promise<void> {
  const { page } = browser;
  await page.goto(`${stage.edge.url}/console/sources/${SOURCE}`);
  await page.getByRole("button", { name: "Poll now" }).click();
  await page.locator("#signals").getByText(tag, { exact: true }).waitFor();
  await page.goto(`${stage.edge.url}/console/stacks/${STACK}`);
  await page.locator("#attempts tr", { hasText: tag }).getByRole("link").first().click();
  await page.waitForURL("**/console/attempts/**");
}

/** Waits, without loading the page again, until it shows the state. */
async function follows(state: string): Promise<void> {
  await browser.page.locator("#attempt .st", { hasText: state }).first().waitFor({ timeout: 90_000 });
}

it("from signing in to landing a candidate and resolving a conflict", { timeout: 300_000 }, async () => {
  const { page } = browser;
  const found: Finding[] = [];
  await page.goto(`${stage.edge.url}/console/stacks/${STACK}`);
  found.push(...(await browser.look("login")));
  await browser.signIn(stage.edge.url, tokens.monday);
  expect(await page.locator("#waiting").textContent()).toContain("Nothing waits for a decision");

  // Upstream releases; the stack is carried while somebody watches.
  await stage.life.releaseUnrelated("v1.1.0");
  await openAttemptOn("v1.1.0");
  await page.evaluate("window.loadedOnce = true");
  await follows("changed");
  await page.getByRole("button", { name: "Land the candidate" }).waitFor();
  expect(await page.evaluate("window.loadedOnce")).toBe(true);
  // Open already, when the runner was faster than the page.
  await page.evaluate("document.querySelector('details[data-follow]').open = true");
  await page.locator("details[data-follow] pre", { hasText: "v1.1.0" }).waitFor();
  found.push(...(await browser.look("attempt-changed")));
  const candidate = await stage.life.forkRef(`refs/heads/patch-moi/${STACK}/v1.1.0`);
  await page.getByRole("button", { name: "Land the candidate" }).click();
  await follows("changed");
  expect(await stage.life.forkRef(MAINTAINED)).toBe(candidate);

  // The next release conflicts: the attempt waits, and the overview says so and why.
  const release = await stage.life.releaseConflicting("v1.3.0");
  await openAttemptOn("v1.3.0");
  await follows("needs intervention");
  await page.getByText(release.conflict.path).first().waitFor();
  found.push(...(await browser.look("attempt-conflict")));
  const attempt = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  await page.goto(`${stage.edge.url}/console`);
  expect(await page.locator("#waiting").textContent()).toContain(release.conflict.path);
  found.push(...(await browser.look("overview")));

  // A person resolves it, in the queue.
  const branch = "resolved/v1.3.0";
  const resolved = await stage.life.resolve("v1.3.0", branch, stage.forkUrl);
  await page.getByRole("link", { name: "work through them" }).click();
  await page.locator("summary", { hasText: "Resume" }).click();
  await page.getByLabel("What was done").fill("Took our limit: the office needs it.");
  await page.getByLabel("Branch in the fork").fill(branch);
  found.push(...(await browser.look("interventions")));
  await page.getByRole("button", { name: "Resume" }).click();
  await page.waitForURL("**/console/interventions");
  await page.goto(`${stage.edge.url}/console/attempts/${attempt}`);
  await follows("changed");
  await page.getByRole("button", { name: "Land the candidate" }).click();
  await follows("changed");
  expect(await stage.life.forkRef(MAINTAINED)).toBe(await stage.life.forkRef(`refs/heads/patch-moi/${STACK}/v1.3.0`));
  expect(resolved.tree).not.toBe("");
  const { timeline } = await stage.api.attempt(attempt);
  expect(timeline.filter((entry) => entry.actor === "operator:monday").map((entry) => entry.reason?.code)).toContain(
    "note",
  );
  await page.goto(`${stage.edge.url}/console`);
  expect(await page.locator("#waiting").textContent()).toContain("Nothing waits for a decision");

  // The other pages.
  const rest: [string, string][] = [
    ["overview-calm", "/console"],
    ["stack", `/console/stacks/${STACK}?version=1.3.0`],
    ["stack-new", "/console/stacks/lantern-lts"],
    ["sources", "/console/sources"],
    ["source", `/console/sources/${SOURCE}`],
    ["preview", "/console/preview"],
    ["runners", "/console/runners"],
    ["tokens", "/console/tokens"],
    ["dead-letters", "/console/dead-letters"],
    ["api", "/console/api"],
    ["api-operation", "/console/api/listFlowEvents"],
    ["api-shape", "/console/api/schemas/StackPolicy"],
    ["refusal", "/console/stacks/nobody"],
  ];
  for (const [name, path] of rest) {
    await page.goto(stage.edge.url + path);
    found.push(...(await browser.look(name)));
  }
  await page.goto(`${stage.edge.url}/console/sources/${SOURCE}`);
  await page.locator("#signals").getByRole("link", { name: "event" }).first().click();
  await page.waitForURL("**/console/events/**");
  found.push(...(await browser.look("event")));
  await page.goto(`${stage.edge.url}/console/preview`);
  await page.getByLabel("Address of a feed").fill(stage.feedUrl);
  await page.getByLabel("Judged by").fill("lantern-lts");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("filtered").first().waitFor();
  found.push(...(await browser.look("preview-outcome")));
  expect(found).toEqual([]);
  expect(browser.complaints).toEqual([]);
});

it("what is pressed or has the focus stays so while the page changes around it", { timeout: 120_000 }, async () => {
  const { page } = browser;
  await page.goto(`${stage.edge.url}/console/stacks/${STACK}`);
  const link = page.locator("#attempts tr", { hasText: "v1.3.0" }).getByRole("link").first();
  const href = await link.getAttribute("href");
  await link.hover();
  await page.mouse.down();
  await stage.life.releaseUnrelated("v1.4.0");
  expect((await stage.api.send("POST", `/feed-sources/${SOURCE}/poll`, {})).status).toBe(202);
  await page.locator("#stack", { hasText: "v1.4.0" }).waitFor();
  expect(await page.locator("#attempts").textContent()).not.toContain("v1.4.0");
  await page.mouse.up();
  await page.waitForURL(`**${href}`);

  await page.goto(`${stage.edge.url}/console/stacks/${STACK}`);
  const source = page.locator("#stack").getByRole("link", { name: SOURCE });
  await source.focus();
  await stage.api.send("POST", `/stacks/${STACK}/pause`, {});
  await page.getByText("Paused: events are taken in").waitFor();
  await page.locator("#stack a:focus", { hasText: SOURCE }).waitFor();
  await stage.api.send("POST", `/stacks/${STACK}/unpause`, {});
  await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
});

it("by keyboard alone, and without a script", { timeout: 120_000 }, async () => {
  const plain = await Browser.start({ script: false });
  try {
    const { page } = plain;
    await page.goto(`${stage.edge.url}/console`);
    await page.locator("#token:focus").waitFor();
    await page.keyboard.type(tokens.monday);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await page.goto(`${stage.edge.url}/console/stacks/${STACK}`);
    await page.getByRole("button", { name: "Pause", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("Paused: events are taken in").waitFor();
    expect((await stage.api.stack(STACK)).paused).toBe(true);
    await page.getByRole("button", { name: "Unpause" }).focus();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    expect((await stage.api.stack(STACK)).paused).toBe(false);
  } finally {
    await plain.close();
  }
});

it("with a token that may only read, without a button", { timeout: 60_000 }, async () => {
  const reader = await Browser.start();
  try {
    await reader.signIn(stage.edge.url, tokens.reader);
    for (const path of ["/console", `/console/stacks/${STACK}`, "/console/sources", "/console/interventions"]) {
      await reader.page.goto(stage.edge.url + path);
      const buttons = z
        .array(z.string())
        .parse(await reader.page.locator("form[method=post] button").allTextContents());
      expect([path, buttons]).toEqual([path, ["Sign out"]]);
    }
  } finally {
    await reader.close();
  }
});
