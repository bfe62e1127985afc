/**
 * The documents, typed as they stand: their files written, their commands run in a shell, in the order of the page,
 * against one deployment with real repositories; and what a page shows of the output is what came.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Deployment, startDeployment } from "../../deployment/deployment.ts";
import { type GitServer, startGitServer } from "../../git-server/server.ts";
import { PROJECT } from "../../local-edge/wrangler.ts";
import { freePort } from "../../process/free-port.ts";
import { git } from "../../upstream-life/git.ts";
import { FORK, UPSTREAM, UpstreamLife } from "../../upstream-life/life.ts";
import type { Document } from "../document.ts";
import { ACCOUNT_STAGINGS } from "./account-staging.ts";
import { FORGE_STAGINGS } from "./forge-staging.ts";
import { NOT_TYPED } from "./not-typed.ts";
import { missingOf } from "./shown-output.ts";
import { STAGINGS } from "./staging.ts";
import { stepsOf } from "./typed-page.ts";
import { documents, key, notTyped, placeOf, type Scene, walk } from "./typing.ts";

/** Has no runner but its own to work for it, so it comes before all others. */
const TUTORIAL = "docs/tutorials/first-stack.md";

/** `forges.test.ts` types the pages about forges, `account.test.ts` those about a Cloudflare account. */
const SCENES = [STAGINGS, FORGE_STAGINGS, ACCOUNT_STAGINGS];

it("has every command of the documents typed, or on the list with a reason, and nothing else on the list", () => {
  const lines = documents.flatMap(({ file, ...page }) =>
    stepsOf({ file, ...page }).flatMap((step) => (step.kind === "line" ? [{ file, line: step.line }] : [])),
  );
  expect(lines.filter(({ file, line }) => !notTyped.has(key(file, line)) && typedIn(file, line) !== 1)).toEqual([]);
  const there = new Set(lines.map(({ file, line }) => key(file, line)));
  expect([...notTyped].filter((one) => !there.has(one))).toEqual([]);
  expect(documents.flatMap(typedOf).length).toBeGreaterThan(140);
  const pages = new Set(documents.filter((page) => typedOf(page).length > 0).map(({ file }) => file));
  expect(SCENES.flatMap((stagings) => Object.keys(stagings)).filter((file) => !pages.has(file))).toEqual([]);
});

/** In how many scenes a line is typed. */
function typedIn(file: string, line: string): number {
  return SCENES.filter(({ [file]: staging }) => {
    if (staging === undefined || staging.elsewhere?.includes(line) === true) return false;
    return staging.only?.includes(line) !== false;
  }).length;
}

/** The lines of a page that the walk types. */
function typedOf(page: Document): string[] {
  return stepsOf(page).flatMap((step) =>
    step.kind === "line" && !notTyped.has(key(page.file, step.line)) ? [step.line] : [],
  );
}

it("finds what others run in the files that are said to run it", () => {
  const claimed = NOT_TYPED.flatMap(({ by = [], lines }) =>
    Object.values(lines).flatMap((of) => of.flatMap((line) => line.split(" && ").map((command) => ({ command, by })))),
  ).filter(({ by }) => by.length > 0);
  expect(claimed.filter(({ command, by }) => !by.some((file) => runs(file, command)))).toEqual([]);
  expect(runs(".ci/run", "npm run rehearse")).toBe(false);
  const elsewhere = NOT_TYPED.flatMap(({ on, lines }) =>
    on === undefined ? [] : Object.values(lines).flatMap((of) => of.map((line) => ({ on, line }))),
  );
  const typed = new Set(documents.flatMap((page) => typedOf(page).map((line) => key(page.file, line))));
  expect(elsewhere.filter(({ on, line }) => !typed.has(key(on, line)))).toEqual([]);
});

/** Whether a file has a command: a test as a string, everything else as words of a line that is no comment. */
function runs(file: string, command: string): boolean {
  const text = readFileSync(join(PROJECT, file), "utf8");
  if (file.endsWith(".ts")) return text.includes("npmRun(") && text.includes(`("${command}")`);
  return text.split("\n").some((line) => !/^\s*#/.test(line) && ` ${line} `.includes(` ${command} `));
}

it("compares output apart from what differs in every run", () => {
  const said = "web.1  changed  9s\n\nunder  90f3265f2bfd1234  at 2026-01-31T12:00:00Z\nlast";
  expect(missingOf("web.1 changed 12s\n…\nlast", said)).toEqual([]);
  expect(missingOf("under 123456789abc at 2025-01-01T00:00:00.000Z", said)).toEqual([]);
  expect(missingOf("web.2 changed 12s", said)).toEqual(["web.2 changed LONG"]);
  expect(missingOf("last\n…\nweb.1 changed 1s", said)).toEqual(["web.1 changed LONG"]);
});

describe("typed", () => {
  let folder: string;
  let life: UpstreamLife;
  let deployment: Deployment;
  let repositories: GitServer;
  let scene: Scene;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "patch-moi-walk-"));
    const begun = await UpstreamLife.begin(folder);
    let port: number;
    [deployment, repositories, port] = await Promise.all([
      // Messages leave, and nobody takes them.
      startDeployment(folder, { variables: { DISCORD_WEBHOOK_URL: "http://127.0.0.1:1/" } }),
      startGitServer({ root: begun.root }),
      freePort(),
    ]);
    life = begun;
    const variables = {
      ORIGIN: repositories.origin,
      GIT_PORT: String(port),
      PID_FILE: join(folder, "git-daemon.pid"),
      EDGE_LOG: join(folder, "edge.log"),
    };
    scene = { folder, deployment, stagings: STAGINGS, variables };
  });

  afterAll(async () => {
    const pidFile = join(folder, "git-daemon.pid");
    if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, "utf8")));
    await deployment?.edge.stop();
    await repositories?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("the first stack and its first conflict come out as the tutorials say", async () => {
    await walk(scene, TUTORIAL);
    const place = placeOf(scene, TUTORIAL);
    const fork = join(place, "demo", "fork.git");
    const numbers = (await git(fork, ["show", "mine:numbers"])).split("\n");
    expect([numbers[4], numbers[14]]).toEqual(["five (5)", "fifteen"]);
    expect(existsSync(join(place, "patch-moi-numbers.3"))).toBe(false);
    await git(fork, ["rev-parse", "--verify", "patch-moi/numbers/before-4"]);
  });

  it("what the guides take for granted is there", settle);

  it.each(Object.keys(STAGINGS).filter((file) => STAGINGS[file]?.goesOnFrom === undefined && file !== TUTORIAL))(
    "%s",
    (file) => walk(scene, file),
  );

  /** A fork with a candidate, a conflict, a source and a second fork, as the guides take for granted. */
  async function settle(): Promise<void> {
    const { api } = deployment;
    await git(life.root, ["clone", "--quiet", "--mirror", life.fork, join(life.root, "office/web.git")]);
    await git(join(life.root, "office/web.git"), ["config", "http.receivepack", "true"]);
    const upstream = { url: `${repositories.origin}/${UPSTREAM}.git` };
    const channels = {
      internal: { follows: "manual" },
      public: { follows: "manual" },
      "customer-a": { follows: "manual" },
    };
    const stack = (fork: string) => ({
      upstream,
      fork: { url: `${repositories.origin}/${fork}.git` },
      branch: "office",
      // So that the same conflict can be resolved twice.
      policy: { rememberResolutions: false },
    });
    await api.putStack("lantern", { ...stack(FORK), channels });
    await api.putStack("web", { ...stack("office/web"), policy: { releases: { include: ["v1.1.0"] } } });
    await api.putSource("lantern-releases", {
      provider: "github",
      url: `${repositories.origin}/${UPSTREAM}/releases.atom`,
      event: "release",
      target: { mode: "maintain", stacks: ["web"] },
    });
    await deployment.cliJson(["runner", "register", "--name", "walker"]);
    const tell = (tag: string) =>
      api.send("POST", "/flow-events", {
        id: `patch:walk:${tag}:upstream.release`,
        type: "upstream.release",
        payload: { entry: { entryId: tag, tag } },
        stackIds: ["lantern"],
      });
    await life.releaseUnrelated("v1.1.0");
    await tell("v1.1.0");
    await deployment.cliJson(["runner", "once"]);
    await life.releaseConflicting("v1.3.0");
    await tell("v1.3.0");
    await deployment.cliJson(["runner", "once"]);
    expect((await api.attempt("lantern.1")).attempt.status).toBe("changed");
    expect((await api.attempt("lantern.2")).attempt.status).toBe("needs_intervention");
  }
});
