/**
 * From a clone with only `origin` to a job of the fork's forge that is let in: what a person types, on each
 * forge, and what stands in the clone, the file, the forge and the server after it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ForkCi, startForkCi } from "../ci/fork-ci.ts";
import { packRunner, unpackRunner } from "../ci/published-runner.ts";
import { type Deployment, startDeployment } from "../deployment/deployment.ts";
import { type ForgeServer, startForgeServer } from "../forge-server/server.ts";
import type { RepositoryState } from "../forge-server/state.ts";
import { type GitServer, startGitServer } from "../git-server/server.ts";
import { type IssuerServer, startIssuer } from "../oidc-issuer/server.ts";
import { git } from "../upstream-life/git.ts";
import { PATCHES } from "../upstream-life/lantern.ts";
import { BRANCH, FORK, UPSTREAM, UpstreamLife } from "../upstream-life/life.ts";

const SERVERS_TOKEN = "the-deployments-token";
const PERSONS_TOKEN = "the-persons-token";

const Answer = z.object({
  ready: z.boolean(),
  points: z.array(z.object({ name: z.string(), state: z.string(), says: z.string(), next: z.string().optional() })),
  fragment: z.unknown().optional(),
});
type Answer = z.infer<typeof Answer>;

let folder: string;
let life: UpstreamLife;
let repositories: GitServer;
let issuer: IssuerServer;
let deployment: Deployment;
let packages: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "setup-"));
  packages = unpackRunner(packRunner(folder), folder);
  life = await UpstreamLife.begin(folder);
  [repositories, issuer] = await Promise.all([startGitServer({ root: life.root }), startIssuer()]);
  deployment = await startDeployment(folder);
});

afterAll(async () => {
  await deployment?.edge.stop();
  await repositories?.close();
  await issuer?.close();
  rmSync(folder, { recursive: true, force: true });
});

const states = ({ points }: Answer) => Object.fromEntries(points.map(({ name, state }) => [name, state]));
const point = ({ points }: Answer, name: string) =>
  points.find((one) => one.name === name) ?? expect.unreachable(`${name} is not among the points`);

/** Runs `patch.moi setup …` in a folder, with a home of its own that knows no credential helper. */
async function setup(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Answer> {
  const alone = { HOME: folder, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", ...env };
  const run = await deployment.cli(["setup", ...args, "--json"], alone);
  if (run.code !== 0) throw new Error(`setup ${args.join(" ")}: ${run.stderr}`);
  return Answer.parse(JSON.parse(run.stdout));
}

describe.each(["github", "forgejo", "gitlab"] as const)("%s", (kind) => {
  let server: ForgeServer;
  let fork: RepositoryState;
  let ci: ForkCi;
  let clone: string;
  let file: string;
  let where: string[];

  beforeAll(async () => {
    server = await startForgeServer(kind);
    server.origin = repositories.origin;
    server.anonymous = true;
    server.tokens.set(SERVERS_TOKEN, "patch-moi").set(PERSONS_TOKEN, "ole");
    const [owner = "", name = ""] = FORK.split("/");
    const [upstreamOwner = "", upstreamName = ""] = UPSTREAM.split("/");
    fork = server.state.add(owner, name, {
      parent: { owner: upstreamOwner, name: upstreamName },
      workflows: new Map(),
    });
    clone = join(folder, kind);
    file = join(clone, "patch-moi.json");
    await git(folder, ["clone", "--quiet", "--branch", BRANCH, `${repositories.origin}/${FORK}.git`, clone]);
    ci = startForkCi({ server, issuer, folder: join(folder, `${kind}-ci`), packages });
    where = ["--repo", clone, "--forge", kind, "--api", server.apiUrl, "--id", kind];
  });

  afterAll(async () => {
    await ci.idle();
    await server[Symbol.asyncDispose]();
  });

  it("`setup fork` finds upstream, shows what it would do, does it, and does it once", async () => {
    const nowhere = { PATCH_MOI_URL: "", PATCH_MOI_TOKEN: "" };
    const before = execFileSync("git", ["for-each-ref"], { cwd: clone, encoding: "utf8" });
    const look = await setup(["fork", ...where], nowhere);
    expect(states(look)).toMatchObject({
      fork: "ok",
      forge: "ok",
      upstream: "ok",
      branch: "ok",
      "work tree": "ok",
      base: "ok",
      patches: "ok",
      workflow: "todo",
      permissions: "unknown",
      "upstream remote": "todo",
      configuration: "todo",
      server: "todo",
    });
    expect(look.ready).toBe(false);
    expect(point(look, "base").says).toContain("v1.0.0");
    expect(point(look, "patches").says).toContain(PATCHES[0]?.subject);
    // Nothing was touched.
    expect(existsSync(file)).toBe(false);
    expect(execFileSync("git", ["remote"], { cwd: clone, encoding: "utf8" })).toBe("origin\n");
    expect(execFileSync("git", ["for-each-ref"], { cwd: clone, encoding: "utf8" })).toBe(before);

    // A file of the person's own, with a comment, into which the entries go.
    writeFileSync(file, '{\n  // ours\n  "stacks": []\n}\n');
    const env = { PATCH_MOI_FORGE_TOKEN: PERSONS_TOKEN };
    const applied = await setup(["fork", ...where, "--apply"], env);
    expect(states(applied)).toMatchObject({
      permissions: "ok",
      "upstream remote": "done",
      configuration: "done",
      server: "done",
    });
    expect(await git(clone, ["remote", "get-url", "upstream"])).toBe(`${repositories.origin}/${UPSTREAM}.git`);
    const written = readFileSync(file, "utf8");
    expect(written).toContain("// ours");
    const stack = await deployment.api.stack(kind);
    expect(stack).toMatchObject({
      upstream: { url: `${repositories.origin}/${UPSTREAM}.git` },
      fork: { url: `${repositories.origin}/${FORK}.git`, forge: { kind } },
      branch: BRANCH,
    });
    expect((await deployment.api.source(`${kind}-releases`)).target).toEqual({ mode: "maintain", stacks: [kind] });

    const again = await setup(["fork", ...where, "--apply"], env);
    expect(states(again)).toMatchObject({ configuration: "ok", server: "ok", "work tree": "ok" });
    expect(readFileSync(file, "utf8")).toBe(written);
    const whole = await deployment.cli(["apply", "-f", file, "--dry-run"]);
    expect(whole.stdout).toContain("nothing to change");
  });

  it("`setup forge` proposes the workflow once, names the job, and sees that it is let in", async () => {
    const env = { PATCH_MOI_FORGE_TOKEN: PERSONS_TOKEN };
    const args = ["forge", kind, "--issuer", issuer.issuer.url, "-f", file];
    const look = await setup(args, env);
    expect(states(look)).toEqual({
      forge: "ok",
      credential: "problem",
      workflow: "todo",
      stack: "todo",
      claim: "unknown",
    });
    expect(fork.pulls).toEqual([]);
    expect(server.asked.filter((asked) => !asked.startsWith("GET "))).toEqual([]);

    const value = join(folder, `${kind}-token`);
    writeFileSync(value, SERVERS_TOKEN);
    const added = point(look, "credential")
      .next?.replace(/^patch\.moi /, "")
      .replace("github-app", "github-token")
      .replace("FILE", value);
    expect(await deployment.cli((added ?? "").split(" "))).toMatchObject({ code: 0 });
    const proposed = await setup([...args, "--apply"], env);
    expect(states(proposed)).toEqual({
      forge: "ok",
      credential: "ok",
      workflow: "todo",
      stack: "done",
      claim: "unknown",
    });
    const [pull, ...others] = fork.pulls;
    expect(others).toEqual([]);
    expect(pull).toMatchObject({ author: "ole", base: "main", head: "patch-moi/setup", state: "open" });
    expect(readFileSync(file, "utf8")).toContain(issuer.issuer.url);
    const [[name, text] = ["", ""]] = [...fork.files].filter(([at]) => at.startsWith("patch-moi/setup:"));
    expect(text).toContain(deployment.edge.url);
    expect(text).not.toMatch(/vars\.PATCH_MOI_URL|example\.workers\.dev/);

    const again = await setup([...args, "--apply"], env);
    expect(point(again, "workflow").says).toMatch(/stands in/);
    expect(states(again).stack).toBe("ok");
    expect(fork.pulls).toHaveLength(1);

    // A person merges it.
    if (pull === undefined) return expect.unreachable();
    pull.state = "merged";
    fork.files.set(name.replace("patch-moi/setup:", "main:"), text);
    fork.workflows.set("patch-moi.yml", "active");
    const ready = await setup([...args, "--apply"], env);
    expect(point(ready, "claim").says).toMatch(new RegExp(`let in as ${kind}-\\d+`));
    expect(ready.ready).toBe(true);
    await ci.idle();
    const jobs = [...ci.ends.values()].at(-1) ?? {};
    expect(jobs.replay).toMatchObject({ result: "success" });
    expect(JSON.stringify(await deployment.api.attempts({ stackId: kind }))).toBe("[]");

    // Another repository's job is not let in, and why is said.
    ci.options = { ...ci.options, claims: { repository_id: "999", project_id: "999" } };
    const wrong = await setup([...args, "--apply"], env);
    expect(wrong.ready).toBe(false);
    expect(point(wrong, "claim").says).toMatch(/another job than policy\.identity says.*999/);
    expect(server.problems).toEqual([]);
  });
});

it("says what is in the way, and touches nothing of it", async () => {
  const env = { PATCH_MOI_URL: "", PATCH_MOI_TOKEN: "" };
  const clone = join(folder, "alone");
  await git(folder, ["clone", "--quiet", "--branch", BRANCH, `${repositories.origin}/${FORK}.git`, clone]);
  const nobody = await setup(["fork", "--repo", clone], env);
  expect(states(nobody)).toMatchObject({ forge: "unknown", upstream: "problem" });
  expect(point(nobody, "upstream").next).toContain("--upstream");
  expect(nobody.fragment).toBeNull();

  // Without a forge's API a person says it; a remote of that name with another address is theirs.
  writeFileSync(join(clone, "draft.txt"), "not committed");
  const me = ["-c", "user.name=Operator", "-c", "user.email=operator@patch.test"];
  await git(clone, [...me, "commit", "--quiet", "--allow-empty", "--message=Not pushed"]);
  await git(clone, ["remote", "add", "upstream", `${repositories.origin}/other/other.git`]);
  const upstream = `${repositories.origin}/${UPSTREAM}.git`;
  const named = await setup(["fork", "--repo", clone, "--upstream", upstream, "--apply"], env);
  expect(states(named)).toMatchObject({
    upstream: "ok",
    branch: "todo",
    "work tree": "todo",
    patches: "ok",
    configuration: "done",
  });
  expect(point(named, "patches").says).toMatch(/^4 commits/);
  expect(await git(clone, ["remote", "get-url", "upstream"])).toBe(`${repositories.origin}/other/other.git`);
  const { stacks, sources } = JSON.parse(readFileSync(join(clone, "patch-moi.json"), "utf8")) as Record<
    string,
    object[]
  >;
  expect(stacks).toMatchObject([{ id: "lantern", upstream: { url: upstream }, branch: BRANCH }]);
  expect(sources).toMatchObject([{ provider: "git", url: upstream, event: "tag" }]);

  const strange = await setup(["fork", "--repo", clone, "--upstream", `${repositories.origin}/other/other.git`], env);
  expect(states(strange)).toMatchObject({ patches: "problem" });
  expect(strange.fragment).toBeNull();

  await git(clone, ["switch", "--quiet", "--detach"]);
  expect(states(await setup(["fork", "--repo", clone, "--upstream", upstream], env))).toMatchObject({
    branch: "problem",
  });
  const none = await deployment.cli(["setup", "fork", "--repo", folder], env);
  expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/^not_a_repository: .*--repo/)]);
});
