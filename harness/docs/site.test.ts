/**
 * The documentation as a reader has it: on GitHub and on the site no link leads nowhere, and the site's pages are
 * what a strict policy, a phone, the dark and a screen reader can do with.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Browser, type Finding } from "../console/browser.ts";
import { startLocalEdge } from "../local-edge/local-edge.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { readFlowchart } from "./flowchart.ts";
import { readLink } from "./link.ts";
import { buildSite, makeSite } from "./site.ts";

it("has no link, anchor or picture that leads nowhere, and no page that nobody is led to", () => {
  expect(makeSite().problems).toEqual([]);
});

it("finds what is wrong: a link between documents, its anchor, and a picture it cannot tell", () => {
  expect(readLink("docs/guides/a.md", "../reference/b.md#c")).toEqual({
    kind: "here",
    path: "docs/reference/b.md",
    anchor: "c",
  });
  expect(readLink("README.md", "https://example.org/#x").kind).toBe("elsewhere");
  expect(() => readFlowchart("flowchart LR\n  a ==> b")).toThrow("not understood: a ==> b");
  expect(readFlowchart("flowchart LR\n  a[one] -- by --> b[two] --> a --> c").arrows).toEqual([
    { from: "one", by: "by", to: "two", within: null },
    { from: "two", by: null, to: "one", within: null },
    { from: "one", by: null, to: "c", within: null },
  ]);
});

it("is served by the Worker, without script, readable in the dark and on a phone", async () => {
  expect(buildSite()).toEqual([]);
  const state = mkdtempSync(join(tmpdir(), "patch-moi-docs-"));
  const edge = await startLocalEdge({
    state,
    project: PROJECT,
    adminToken: "docs-admin-token",
    signingKey: "docs-signing-key-0123456789-0123456789",
  });
  const browser = await Browser.start();
  try {
    const home = await fetch(`${edge.url}/docs/`);
    expect(home.status).toBe(200);
    expect(home.headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(await home.text()).not.toContain("<script");
    expect((await fetch(`${edge.url}/docs/reference/patch-moi.schema.json`)).status).toBe(200);
    const missing = await fetch(`${edge.url}/docs/guides/nothing`);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain("no page");

    const { page } = browser;
    await page.goto(`${edge.url}/docs`);
    await page.getByRole("main").getByRole("link", { name: "states" }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/docs/reference/states");
    const findings: Finding[] = [];
    for (const path of ["", "reference/configuration"]) {
      await page.goto(`${edge.url}/docs/${path}`);
      findings.push(...(await browser.look(`docs-${path.replaceAll("/", "-")}`)));
    }
    expect(findings).toEqual([]);
    expect(browser.complaints).toEqual([]);
  } finally {
    await browser.close();
    await edge.stop();
    rmSync(state, { recursive: true, force: true });
  }
});
