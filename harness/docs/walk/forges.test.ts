/**
 * The pages about forges, typed from the clone to a job that is let in, and the tutorial on to a candidate that its
 * fork's own CI made, and its landing: against each forge's API, with its CI, and real Git.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startForkCi, WORKFLOW_FILE } from "../../ci/fork-ci.ts";
import { packRunner, unpackRunner } from "../../ci/published-runner.ts";
import { type Deployment, startDeployment } from "../../deployment/deployment.ts";
import type { ForgeKind } from "../../forge-server/forge-api.ts";
import { GitRefs } from "../../forge-server/git-refs.ts";
import { startForgeServer } from "../../forge-server/server.ts";
import type { RepositoryState } from "../../forge-server/state.ts";
import { type GitServer, startGitServer } from "../../git-server/server.ts";
import { type IssuerServer, startIssuer } from "../../oidc-issuer/server.ts";
import { git } from "../../upstream-life/git.ts";
import { BRANCH, FORK, UPSTREAM, UpstreamLife } from "../../upstream-life/life.ts";
import { FORGE_STAGINGS, PERSONS_TOKEN } from "./forge-staging.ts";
import { walk } from "./typing.ts";

let folder: string;
let life: UpstreamLife;
let repositories: GitServer;
let issuer: IssuerServer;
let deployment: Deployment;
let packages: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "patch-moi-forges-"));
  packages = unpackRunner(packRunner(folder), folder);
  life = await UpstreamLife.begin(folder);
  [repositories, issuer, deployment] = await Promise.all([
    startGitServer({ root: life.root }),
    startIssuer(),
    startDeployment(folder),
  ]);
});

afterAll(async () => {
  await deployment?.edge.stop();
  await repositories?.close();
  await issuer?.close();
  rmSync(folder, { recursive: true, force: true });
});

it("docs/tutorials/fork-on-github.md", async () => {
  await life.releaseUnrelated("v1.3.0");
  const fork = await typedOn("github", "docs/tutorials/fork-on-github.md");
  const { attempt } = await deployment.api.attempt("lantern.1");
  const candidate = attempt.candidates.find(({ ref }) => ref === "refs/heads/patch-moi/lantern/v1.3.0");
  expect(candidate?.oid).toMatch(/^[0-9a-f]{40}$/);
  expect(await life.forkRef(`refs/heads/${BRANCH}`)).toBe(candidate?.oid);
  expect(fork.pulls.map(({ head, state }) => [head, state])).toEqual([["patch-moi/setup", "merged"]]);
});

it.each(
  Object.entries(FORGE_STAGINGS).flatMap(([file, { forge }]) =>
    forge === undefined || file.includes("/tutorials/") ? [] : [{ forge, file }],
  ),
)("$file", async ({ forge, file }) => {
  const fork = await typedOn(forge, file);
  expect(fork.pulls).toHaveLength(1);
});

/** Types the page with a fork that is new on such a forge; ends with its job let in. */
async function typedOn(kind: ForgeKind, file: string): Promise<RepositoryState> {
  await using server = await startForgeServer(kind);
  server.origin = repositories.origin;
  server.anonymous = true;
  server.tokens
    .set(PERSONS_TOKEN, "ole")
    .set("the-deployments-token", "patch-moi")
    .set("ghs_installation", "patch-moi");
  const [owner = "", name = ""] = FORK.split("/");
  const [upstreamOwner = "", upstreamName = ""] = UPSTREAM.split("/");
  const fork = server.state.add(owner, name, {
    parent: { owner: upstreamOwner, name: upstreamName },
    workflows: new Map(),
    refs: new GitRefs(life.fork),
  });
  const ci = startForkCi({ server, issuer, folder: join(folder, `${file.replaceAll(/\W/g, "-")}-ci`), packages });
  const person = createServer((_request, response) => {
    response.writeHead(merge(fork, WORKFLOW_FILE[kind]) ? 204 : 409).end();
  });
  await new Promise<void>((resolve) => person.listen(0, "127.0.0.1", resolve));
  const variables = {
    ORIGIN: repositories.origin,
    API: server.apiUrl,
    API_HOST: new URL(server.apiUrl).host,
    ISSUER: issuer.issuer.url,
    PERSON: `http://127.0.0.1:${(person.address() as AddressInfo).port}`,
  };
  try {
    await walk({ folder, deployment, stagings: FORGE_STAGINGS, variables }, file);
    await ci.idle();
    expect([...ci.ends.values()].map((jobs) => jobs.replay?.result)).not.toContain("failure");
    expect(ci.ends.size).toBeGreaterThan(0);
    expect(server.problems).toEqual([]);
    return fork;
  } finally {
    person.close();
    await git(life.fork, ["update-ref", "-d", "refs/heads/patch-moi/setup"]);
    for (const path of ["feed-sources/lantern-releases", "stacks/lantern"])
      await deployment.api.send("DELETE", `/${path}`);
    const { json } = await deployment.api.send("GET", "/credentials");
    for (const { name: credential } of (json as { credentials: { name: string }[] }).credentials)
      await deployment.api.send("DELETE", `/credentials/${credential}`);
  }
}

/** Merges the one open proposal; false when there is none. */
function merge(fork: RepositoryState, file: string): boolean {
  const pull = fork.pulls.find(({ state }) => state === "open");
  const text = fork.files.get(`${pull?.head}:${file}`);
  if (pull === undefined || text === undefined) return false;
  pull.state = "merged";
  fork.files.set(`${pull.base}:${file}`, text);
  fork.workflows.set("patch-moi.yml", "active");
  return true;
}
