/**
 * Tutorials, typed as they stand: their files written, their commands run in one shell, in the order of the pages. Only
 * addresses, ports, the token and a yes are those of the test.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CLI, startDeployment } from "../deployment/deployment.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { freePort } from "../process/free-port.ts";
import { git } from "../upstream-life/git.ts";
import { everyToken, readDocuments } from "./document.ts";

const PAGES = ["docs/tutorials/first-stack.md", "docs/tutorials/resolve-a-conflict.md"];

it("the first stack and its first conflict come out as the tutorials say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "patch-moi-tutorial-"));
  const deployment = await startDeployment(folder);
  const pidFile = join(folder, "git-daemon.pid");
  try {
    const port = await freePort();
    // Stands for the project's folder, which a test does not write to.
    const place = join(folder, "place");
    mkdirSync(place);
    writeFileSync(
      join(place, "package.json"),
      JSON.stringify({ scripts: { "patch.moi": `'${process.execPath}' '${CLI}'` } }),
    );
    const script = PAGES.map((page) => scriptOf(page, place))
      .join("\n")
      .replaceAll("http://127.0.0.1:8787", deployment.edge.url)
      // A reader is asked, and answers.
      .replaceAll("apply -f patch-moi.json", "apply -f patch-moi.json --yes")
      .replaceAll("<the token>", deployment.edge.adminToken)
      .replaceAll("git://127.0.0.1/", `git://127.0.0.1:${port}/`)
      .replaceAll("--listen=127.0.0.1", `--listen=127.0.0.1 --port=${port} --pid-file='${pidFile}'`);
    const run = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
      cwd: place,
      encoding: "utf8",
      timeout: 200_000,
      env: {
        ...deployment.env,
        HOME: folder,
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_AUTHOR_NAME: "A Reader",
        GIT_AUTHOR_EMAIL: "reader@example.org",
        GIT_COMMITTER_NAME: "A Reader",
        GIT_COMMITTER_EMAIL: "reader@example.org",
      },
    });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(run.stdout).toMatch(/^numbers\.1 +changed/m);
    expect(run.stdout).toMatch(/^candidate +refs\/heads\/patch-moi\/numbers\/v1\.1\.0 at [0-9a-f]{12}$/m);
    expect(run.stdout).toMatch(/^ +carried +[0-9a-f]+ +[0-9a-f]+ +Spell five$/m);
    const fork = join(place, "demo", "fork.git");
    const numbers = (await git(fork, ["show", "mine:numbers"])).split("\n");
    expect(run.stdout).toMatch(/^numbers\.3 +needs_intervention/m);
    expect(run.stdout).toMatch(/^ +numbers \(contents\)\n +upstream [0-9a-f]+ Say what five is$/m);
    expect(run.stdout).toMatch(/^ +adapted +[0-9a-f]+ +[0-9a-f]+ +Spell five$/m);
    expect([numbers[4], numbers[14]]).toEqual(["five (5)", "fifteen"]);
    expect(existsSync(join(place, "patch-moi-numbers.3"))).toBe(false);
    await git(fork, ["rev-parse", "--verify", "patch-moi/numbers/before-4"]);
  } finally {
    if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, "utf8")));
    await deployment.edge.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The page's commands as one script; a JSON block is written to the file that the sentence before it names. */
function scriptOf(file: string, place: string): string {
  const document = readDocuments(PROJECT).find((one) => one.file === file);
  let named: string | undefined;
  const lines: string[] = [];
  for (const token of everyToken(document?.tokens ?? [])) {
    if (token.type === "codespan" && token.text.endsWith(".json")) named = token.text;
    if (token.type !== "code") continue;
    if (token.lang === "json" && named !== undefined)
      lines.push(`cat > '${place}/${named}' <<'END'\n${token.text}\nEND`);
    // The deployment is there already.
    else if (token.lang === "sh" && token.text !== "npm run dev") lines.push(token.text);
  }
  return lines.join("\n");
}
