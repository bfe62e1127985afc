/**
 * The documents, typed as they stand: their files written, their commands run in a shell, in the order of the page,
 * against one deployment with real repositories; and what a page shows of the output is what came.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLI, type Deployment, startDeployment } from "../../deployment/deployment.ts";
import { type GitServer, startGitServer } from "../../git-server/server.ts";
import { tick } from "../../local-edge/local-edge.ts";
import { PROJECT } from "../../local-edge/wrangler.ts";
import { freePort } from "../../process/free-port.ts";
import { git } from "../../upstream-life/git.ts";
import { FORK, UPSTREAM, UpstreamLife } from "../../upstream-life/life.ts";
import { type Document, readDocuments } from "../document.ts";
import { NOT_TYPED } from "./not-typed.ts";
import { missingOf } from "./shown-output.ts";
import { STAGINGS } from "./staging.ts";
import { type Step, stepsOf } from "./typed-page.ts";

/** Decisions and the changelog tell of their day. */
const documents = readDocuments(PROJECT).filter(({ kind, file }) => kind !== "decisions" && file !== "CHANGELOG.md");

const notTyped = new Set(
  NOT_TYPED.flatMap(({ lines }) => Object.entries(lines).flatMap(([file, of]) => of.map((line) => key(file, line)))),
);

/** Has no runner but its own to work for it, so it comes before all others. */
const TUTORIAL = "docs/tutorials/first-stack.md";

/** They go on until they are stopped: typed, and stopped once they say something. */
const ENDLESS = /(?:\btail|\brunner start)$/;

/** Stands before the number of a step in the output. */
const MARK = "\u001E";

it("has every command of the documents typed, or on the list with a reason, and nothing else on the list", () => {
  const lines = documents.flatMap(({ file, ...page }) =>
    stepsOf({ file, ...page }).flatMap((step) => (step.kind === "line" ? [{ file, line: step.line }] : [])),
  );
  expect(lines.filter(({ file, line }) => !notTyped.has(key(file, line)) && STAGINGS[file] === undefined)).toEqual([]);
  const there = new Set(lines.map(({ file, line }) => key(file, line)));
  expect([...notTyped].filter((one) => !there.has(one))).toEqual([]);
  const typed = lines.filter(({ file, line }) => !notTyped.has(key(file, line)));
  expect(typed.length).toBeGreaterThan(90);
  const pages = new Set(typed.map(({ file }) => file));
  expect(Object.keys(STAGINGS).filter((file) => !pages.has(file))).toEqual([]);
});

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
  let port: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "patch-moi-walk-"));
    const begun = await UpstreamLife.begin(folder);
    [deployment, repositories, port] = await Promise.all([
      startDeployment(folder),
      startGitServer({ root: begun.root }),
      freePort(),
    ]);
    mkdirSync(join(folder, "bin"));
    const command = `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`;
    writeFileSync(join(folder, "bin", "patch.moi"), command, { mode: 0o755 });
    life = begun;
  });

  afterAll(async () => {
    const pidFile = join(folder, "git-daemon.pid");
    if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, "utf8")));
    await deployment?.edge.stop();
    await repositories?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("the first stack and its first conflict come out as the tutorials say", async () => {
    await walk(TUTORIAL);
    const place = placeOf(TUTORIAL);
    const fork = join(place, "demo", "fork.git");
    const numbers = (await git(fork, ["show", "mine:numbers"])).split("\n");
    expect([numbers[4], numbers[14]]).toEqual(["five (5)", "fifteen"]);
    expect(existsSync(join(place, "patch-moi-numbers.3"))).toBe(false);
    await git(fork, ["rev-parse", "--verify", "patch-moi/numbers/before-4"]);
  });

  it("what the guides take for granted is there", settle);

  it.each(Object.keys(STAGINGS).filter((file) => STAGINGS[file]?.goesOnFrom === undefined && file !== TUTORIAL))(
    "%s",
    (file) => walk(file),
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

  async function walk(file: string): Promise<void> {
    const pages = [file, ...Object.keys(STAGINGS).filter((next) => STAGINGS[next]?.goesOnFrom === file)];
    // As `npm run dev` does every minute: a deployment whose cron does not come is not well.
    await tick(deployment.edge.url);
    const place = placeOf(file);
    mkdirSync(join(place, "node_modules"), { recursive: true });
    symlinkSync(join(folder, "bin"), join(place, "node_modules", ".bin"));
    writeFileSync(join(place, "package.json"), JSON.stringify({ scripts: { "patch.moi": "patch.moi" } }));
    const steps = pages.flatMap((page) => stepsOf(documentOf(page)).map((step) => ({ page, step })));
    const quick = file.includes("/tutorials/") ? "" : QUICK_NPM;
    const script = [
      PRELUDE,
      quick,
      ...pages.map(firstOf),
      ...steps.map(({ page, step }, at) => shell(page, step, at, place)),
    ];
    const home = join(place, "home");
    const run = await typed(script.join("\n"), place, {
      ...deployment.env,
      HOME: home,
      // A page that registers no runner has the one that is there.
      PATCH_MOI_HOME: steps.some(({ step }) => step.kind === "line" && step.line.includes("runner register"))
        ? home
        : deployment.env.PATCH_MOI_HOME,
      PATH: `${join(folder, "bin")}:${deployment.env.PATH ?? ""}`,
      ORIGIN: repositories.origin,
      GIT_PORT: String(port),
      PID_FILE: join(folder, "git-daemon.pid"),
      EDGE_LOG: join(folder, "edge.log"),
      PROJECT,
      PLACE: place,
      ...GIT_IDENTITY,
    });
    const said = outputByStep(run.output);
    const last = steps[Math.max(...said.keys())];
    expect(run.code, `${file} stopped at ${JSON.stringify(last)}:\n${run.output.slice(-3000)}`).toBe(0);
    for (const [at, { page, step }] of steps.entries())
      if (step.kind === "shown") {
        const before = said.get(at - 1) ?? "";
        expect(missingOf(step.text, before), `${page} shows lines that did not come; what came:\n${before}`).toEqual(
          [],
        );
      }
  }

  function placeOf(file: string): string {
    return join(folder, file.replaceAll(/\W/g, "-"));
  }

  function firstOf(page: string): string {
    const { files = {}, first = "" } = STAGINGS[page] ?? {};
    return [...Object.entries(files).map(([name, text]) => written(page, name, text)), first].join("\n");
  }

  function shell(page: string, step: Step, at: number, place: string): string {
    if (step.kind === "shown") return "";
    if (step.kind === "file") return written(page, join(place, step.name), step.text);
    const { line } = step;
    if (notTyped.has(key(page, line))) return "";
    const asked = line.replace(/apply -f (\S+)$/, "apply -f $1 --yes");
    const here = meant(page, asked);
    const before = meant(page, STAGINGS[page]?.before?.[line] ?? "");
    return [before, `printf '${MARK}%s\\n' ${at}`, ENDLESS.test(line) ? `until_it_speaks '${here}'` : here].join("\n");
  }

  function written(page: string, path: string, text: string): string {
    return `cat > "${path}" <<END_OF_FILE\n${meant(page, text)
      .replaceAll("`", "\\`")
      .replaceAll(/\$(?!ORIGIN|GIT_PORT)/g, "\\$")}\nEND_OF_FILE`;
  }

  function meant(page: string, text: string): string {
    const everywhere = {
      "http://127.0.0.1:8787": deployment.edge.url,
      "https://patch-moi.example.workers.dev": deployment.edge.url,
      "<the token>": deployment.edge.adminToken,
      "<admin token>": deployment.edge.adminToken,
    };
    return Object.entries({
      ...everywhere,
      ...STAGINGS[STAGINGS[page]?.goesOnFrom ?? ""]?.means,
      ...STAGINGS[page]?.means,
    }).reduce((so, [from, to]) => so.replaceAll(from, () => to), text);
  }
});

/** Types a command that does not end by itself, waits for its first words, and stops it as Ctrl-C does. */
const PRELUDE = `set -eum
until_it_speaks() {
  local said; said=$(mktemp)
  ( eval "$1" ) >"$said" 2>&1 &
  local job=$!
  until grep -qv -e '^$' -e '^> ' "$said"; do kill -0 $job || { cat "$said"; return 1; }; sleep 0.1; done
  kill -INT -- -$job
  wait $job || true
  cat "$said"
}
work_is_done() { until patch.moi runner once | grep -q "nothing to do"; do :; done; }`;

/** What npm makes of the guides' commands, without the second that it takes for each; the tutorials have npm itself. */
const QUICK_NPM = `npm() { [ "$1" = run ] && shift; [ "$1" = -s ] && shift; shift 2; ( cd "$PLACE" && patch.moi "$@" ); }
npx() { "$@"; }`;

const GIT_IDENTITY = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "A Reader",
  GIT_AUTHOR_EMAIL: "reader@example.org",
  GIT_COMMITTER_NAME: "A Reader",
  GIT_COMMITTER_EMAIL: "reader@example.org",
  npm_config_update_notifier: "false",
};

/** The Git server and this test are one process, so the shell must not hold it up. Output and errors come mixed. */
function typed(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", `exec 2>&1 </dev/null\n${script}`], { cwd, env, timeout: 200_000 });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject).on("close", (code) => resolve({ code, output }));
  });
}

function outputByStep(output: string): Map<number, string> {
  const parts = output.split(MARK).slice(1);
  return new Map(parts.map((part) => [Number.parseInt(part, 10), part.slice(part.indexOf("\n") + 1)]));
}

function documentOf(file: string): Document {
  return documents.find((one) => one.file === file) ?? expect.unreachable(`there is no ${file}`);
}

function key(file: string, line: string): string {
  return `${file}: ${line}`;
}
