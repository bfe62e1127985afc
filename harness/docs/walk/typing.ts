/**
 * Types pages: their files written, their lines run in one shell, and what they show of the output held against what
 * came.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { CLI } from "../../deployment/deployment.ts";
import type { LocalEdge } from "../../local-edge/local-edge.ts";
import { PROJECT } from "../../local-edge/wrangler.ts";
import { type Document, readDocuments } from "../document.ts";
import { NOT_TYPED } from "./not-typed.ts";
import { missingOf } from "./shown-output.ts";
import type { Staging } from "./staging.ts";
import { type Step, stepsOf } from "./typed-page.ts";

/** Decisions and the changelog tell of their day. */
export const documents = readDocuments(PROJECT).filter(
  ({ kind, file }) => kind !== "decisions" && file !== "CHANGELOG.md",
);

/** `file: line` of every line that is on the list. */
export const notTyped: ReadonlySet<string> = new Set(
  NOT_TYPED.flatMap(({ lines }) => Object.entries(lines).flatMap(([file, of]) => of.map((line) => key(file, line)))),
);

export function key(file: string, line: string): string {
  return `${file}: ${line}`;
}

/** Where pages are typed: a deployment, and what its readers have around it. */
export type Scene = {
  folder: string;
  deployment: { edge: Pick<LocalEdge, "url" | "adminToken" | "tick">; env: NodeJS.ProcessEnv };
  stagings: Readonly<Record<string, Staging>>;
  /** What stagings call by a name, `$ORIGIN` and the like. */
  variables: Readonly<Record<string, string>>;
};

/** They go on until they are stopped, as those are that their page's staging says it of. */
const ENDLESS = /(?:\btail|\brunner start)$/;

/** Without more being said of it: any word that is not npm's. */
const ANY_WORD = { says: "^[^>]", meanwhile: "" };

/** Stands before the number of a step in the output. */
const MARK = "\u001E";

/** Types a page, and after it those that go on from it. */
export async function walk(scene: Scene, file: string): Promise<void> {
  const { folder, deployment, stagings } = scene;
  const pages = [file, ...Object.keys(stagings).filter((next) => stagings[next]?.goesOnFrom === file)];
  // As `npm run dev` does every minute: a deployment whose cron does not come is not well.
  await deployment.edge.tick();
  const place = placeOf(scene, file);
  const bin = commandsIn(folder);
  mkdirSync(join(place, "node_modules"), { recursive: true });
  symlinkSync(bin, join(place, "node_modules", ".bin"));
  writeFileSync(join(place, "package.json"), JSON.stringify({ scripts: { "patch.moi": "patch.moi" } }));
  const steps = pages.flatMap((page) => stepsHere(scene, page).map((step) => ({ page, step })));
  const quick = stagings[file]?.npm === true ? "" : QUICK_NPM;
  const script = [
    PRELUDE,
    quick,
    ...pages.map((page) => firstOf(scene, page)),
    ...steps.map(({ page, step }, at) => shell(scene, page, step, at, place)),
  ];
  const home = join(place, "home");
  const run = await typed(script.join("\n"), place, {
    ...deployment.env,
    HOME: home,
    // A page that registers no runner has the one that is there.
    PATCH_MOI_HOME: steps.some(({ step }) => step.kind === "line" && step.line.includes("runner register"))
      ? home
      : deployment.env.PATCH_MOI_HOME,
    PATH: `${bin}:${deployment.env.PATH ?? ""}`,
    PROJECT,
    PLACE: place,
    ...scene.variables,
    ...GIT_IDENTITY,
  });
  const said = outputByStep(run.output);
  const last = steps[Math.max(...said.keys())];
  expect(run.code, `${file} stopped at ${JSON.stringify(last)}:\n${run.output.slice(-3000)}`).toBe(0);
  for (const [at, { page, step }] of steps.entries())
    if (step.kind === "shown") {
      const before = said.get(at - 1) ?? "";
      expect(missingOf(step.text, before), `${page} shows lines that did not come; what came:\n${before}`).toEqual([]);
    }
}

/** What of a page is typed in this scene. */
function stepsHere({ stagings }: Scene, page: string): Step[] {
  const { only, elsewhere = [] } = stagings[page] ?? {};
  return stepsOf(documentOf(page)).filter((step) =>
    step.kind === "line" ? only?.includes(step.line) !== false && !elsewhere.includes(step.line) : only === undefined,
  );
}

/** The folder that a page is typed in. */
export function placeOf({ folder }: Scene, file: string): string {
  return join(folder, file.replaceAll(/\W/g, "-"));
}

/** A folder for the PATH with `patch.moi` in it. */
function commandsIn(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "patch.moi"), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, { mode: 0o755 });
  return bin;
}

function firstOf(scene: Scene, page: string): string {
  const { files = {}, first = "" } = scene.stagings[page] ?? {};
  return [...Object.entries(files).map(([name, text]) => written(scene, page, name, text)), first].join("\n");
}

function shell(scene: Scene, page: string, step: Step, at: number, place: string): string {
  if (step.kind === "shown") return "";
  if (step.kind === "file") return written(scene, page, join(place, step.name), step.text);
  const { line } = step;
  if (notTyped.has(key(page, line))) return "";
  const { before = {}, after = {}, endless = {} } = scene.stagings[page] ?? {};
  const stop = endless[line] ?? (ENDLESS.test(line) ? ANY_WORD : undefined);
  const asked = line.replace(/apply -f (\S+)$/, "apply -f $1 --yes");
  const here = meant(scene, page, asked);
  return [
    meant(scene, page, before[line] ?? ""),
    `printf '${MARK}%s\\n' ${at}`,
    stop === undefined ? here : `until_it_says '${stop.says}' '${here}' '${stop.meanwhile}'`,
    meant(scene, page, after[line] ?? ""),
  ].join("\n");
}

function written(scene: Scene, page: string, path: string, text: string): string {
  return `cat > "${path}" <<END_OF_FILE\n${meant(scene, page, text)
    .replaceAll("`", "\\`")
    .replaceAll(/\$(?!ORIGIN|GIT_PORT)/g, "\\$")}\nEND_OF_FILE`;
}

function meant({ deployment, stagings }: Scene, page: string, text: string): string {
  const everywhere = {
    "http://127.0.0.1:8787": deployment.edge.url,
    "https://patch-moi.example.workers.dev": deployment.edge.url,
    "<the token>": deployment.edge.adminToken,
    "<admin token>": deployment.edge.adminToken,
    "<the admin token>": deployment.edge.adminToken,
  };
  return Object.entries({
    ...everywhere,
    ...stagings[stagings[page]?.goesOnFrom ?? ""]?.means,
    ...stagings[page]?.means,
  }).reduce((so, [from, to]) => so.replaceAll(from, () => to), text);
}

/** Types a command that does not end by itself, waits for some words of it, and stops it as Ctrl-C does. */
const PRELUDE = `set -eum
trap 'for job in $(jobs -p); do kill -KILL -- -$job; done; exit 1' TERM
until_it_says() {
  local said; said=$(mktemp)
  ( eval "$2" ) >"$said" 2>&1 &
  local job=$!
  until grep -q -e "$1" "$said"; do kill -0 $job || { cat "$said"; return 1; }; eval "$3"; sleep 0.1; done
  kill -INT -- -$job
  wait $job || true
  cat "$said"
}
work_is_done() { until patch.moi runner once | grep -q "nothing to do"; do :; done; }
until_it_is() { until patch.moi show "$1" --json | grep -q "\\"status\\": \\"$2\\""; do sleep 0.2; done; }
merge_it() { curl --silent --fail --request POST "$PERSON"; }`;

/** What npm makes of the commands, without the second that it takes for each. */
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

/** The servers and this test are one process, so the shell must not hold it up. Output and errors come mixed. */
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
