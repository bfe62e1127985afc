/**
 * Debian's Chromium, driven for tests: a new profile each time, nothing fetched but from the edge.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { z } from "zod";
import { PROJECT } from "../local-edge/wrangler.ts";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Kept for people to look at, never compared. */
const SCREENSHOTS = join(PROJECT, "artifacts", "console");

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 860 } } as const;
const SCHEMES = ["light", "dark"] as const;

export type Finding = { page: string; scheme: string; rule: string; where: string[] };

const AxeResults = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      help: z.string(),
      nodes: z.array(z.object({ target: z.array(z.unknown()), html: z.string() })),
    }),
  ),
});

export class Browser {
  readonly page: Page;
  /** What the browser complained of: errors of the script, and what the policy refused. */
  readonly complaints: string[] = [];
  private readonly context: BrowserContext;
  private readonly profile: string;
  private readonly axe: string;

  private constructor(context: BrowserContext, page: Page, profile: string) {
    this.context = context;
    this.page = page;
    this.profile = profile;
    this.axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      // A refusal's status is shown as an error of loading, and refusals are part of the tests.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        this.complaints.push(message.text());
    });
  }

  static async start({ script = true }: { script?: boolean } = {}): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "patch-moi-chromium-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: EXECUTABLE,
      args: FLAGS,
      viewport: SIZES.desktop,
      javaScriptEnabled: script,
    });
    context.setDefaultTimeout(30_000);
    return new Browser(context, context.pages()[0] ?? (await context.newPage()), profile);
  }

  /** Goes to the console's door and in. */
  async signIn(url: string, token: string): Promise<void> {
    await this.page.goto(`${url}/console`);
    await this.page.getByLabel("Token").fill(token);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.getByRole("button", { name: "Sign out" }).waitFor();
  }

  /** Pictures of the page as it is, phone and desktop, light and dark; and what axe finds in each. */
  async look(name: string): Promise<Finding[]> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const findings: Finding[] = [];
    for (const [size, viewport] of Object.entries(SIZES)) {
      await this.page.setViewportSize(viewport);
      for (const scheme of SCHEMES) {
        await this.page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await this.page.screenshot({ path: join(SCREENSHOTS, `${name}-${size}-${scheme}.png`), fullPage: true });
        for (const { rule, where } of await this.violations())
          findings.push({ page: `${name} ${size}`, scheme, rule, where });
        const wider: unknown = await this.page.evaluate("document.documentElement.scrollWidth > innerWidth");
        if (wider === true)
          findings.push({ page: `${name} ${size}`, scheme, rule: "wider than the window", where: [] });
      }
    }
    await this.page.setViewportSize(SIZES.desktop);
    return findings;
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  private async violations(): Promise<{ rule: string; where: string[] }[]> {
    // Evaluated by the debugger's protocol: the page's own policy would not let a script in.
    const there: unknown = await this.page.evaluate("typeof axe");
    if (there !== "object") await this.page.evaluate(this.axe);
    const results = AxeResults.parse(await this.page.evaluate("axe.run(document, { resultTypes: ['violations'] })"));
    return results.violations.map(({ id, help, nodes }) => ({
      rule: `${id}: ${help}`,
      where: nodes.map(({ html }) => html.slice(0, 160)),
    }));
  }
}
