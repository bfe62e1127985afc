import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeIssues } from "../../worker/contract/issue-words.ts";
import { type Scratch, scratch } from "../job/testing/scratch.ts";
import { isOlderFile, OlderFile } from "./older-sources.ts";
import { patchMoi, testApi } from "./testing/command-line.ts";
import { stack } from "./testing/records.ts";

let folder: Scratch;
let file: string;
beforeEach(() => {
  folder = scratch();
  file = join(folder.path, "sources.json");
});
afterEach(() => folder[Symbol.dispose]());

const repo = {
  owner: "acme",
  name: "rocket",
  fullName: "acme/rocket",
  webUrl: "https://github.com/acme/rocket",
  defaultBranch: "main",
};
const releases = {
  provider: "github",
  url: "https://github.com/acme/rocket/releases.atom",
  event: "release",
  repo,
  pollIntervalSeconds: 600,
  primeOnly: true,
};

/** A file as such files are: all modes, other names for things, fields that nobody reads. */
const OLDER = {
  sources: [
    {
      id: "rocket-news",
      ...releases,
      target: { provider: "github", repoFullName: "office/rocket", branch: "main", mode: "notify_only" },
    },
    {
      id: "rocket-fork",
      ...releases,
      target: { provider: "github", repoFullName: "office/rocket", branch: "office", mode: "fork_sync" },
    },
    {
      id: "rocket-flow",
      ...releases,
      event: "push",
      url: "https://github.com/acme/rocket/commits/main.atom",
      target: {
        mode: "workspace_flow",
        eventType: "upstream.branch_update",
        workspaceUrl: "wss://workspace.example/ws",
        workspaceSecretEnv: "OUR_SECRET",
        payload: { repo: "acme/rocket" },
      },
    },
    {
      id: "lamp",
      provider: "jojo",
      url: "https://forge.example.org/acme/lamp/releases.rss",
      event: "release",
      repo: { ...repo, webUrl: "https://forge.example.org/acme/lamp", stars: 7 },
      label: "ours",
      target: { mode: "flow_dispatch", dispatchUrlEnv: "PATCH_FLOW_DISPATCH_URL", flowName: "carry" },
    },
    { id: "Bare One", ...releases },
  ],
};

const empty = { "GET /stacks": { stacks: [] }, "GET /feed-sources": { sources: [] } };

function write(document: unknown): void {
  writeFileSync(file, JSON.stringify(document));
}

test("an older file is taken as it is, and what was made of each entry is told", async () => {
  write(OLDER);
  const puts = Object.fromEntries(
    ["rocket-news", "rocket-fork", "rocket-flow", "lamp", "bare-one"].map((id) => [`PUT /feed-sources/${id}`, {}]),
  );
  await using api = await testApi({ ...empty, ...puts });
  const ended = await patchMoi(["apply", "-f", file, "--yes"], api.env);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  for (const told of [
    "rocket-news  github releases of acme/rocket: recorded, no work is started",
    "left out, says nothing with notify_only: target.branch",
    "carries the branch 'office' of https://github.com/office/rocket.git",
    "hands it on to wss://workspace.example/ws as events of type upstream.branch_update",
    'target.workspaceSecretEnv "OUR_SECRET" is the secret that the deployment has for the backend',
    'target.dispatchUrlEnv "PATCH_FLOW_DISPATCH_URL" is the deployment\'s own workspace backend here',
    "provider jojo is Forgejo",
    "left out, unknown here: label",
    "left out, unknown here: repo.stars",
    "id 'Bare One' is 'bare-one' here",
    "applied 5 changes",
  ])
    expect(ended.stdout).toContain(told);
  const bodies: Record<string, unknown> = Object.fromEntries(
    api.calls
      .filter(({ method }) => method === "PUT")
      .map(({ path, body }) => [path.slice("/feed-sources/".length), body] as const),
  );
  expect(bodies).toMatchObject({
    "rocket-news": { target: { mode: "notify_only" }, pollIntervalSeconds: 600 },
    "rocket-fork": {
      target: { mode: "fork_sync", fork: { url: "https://github.com/office/rocket.git" }, branch: "office" },
    },
    "rocket-flow": {
      event: "push",
      target: {
        mode: "workspace_flow",
        backendUrl: "wss://workspace.example/ws",
        eventType: "upstream.branch_update",
        payload: { repo: "acme/rocket" },
      },
    },
    lamp: { provider: "jojo", target: { mode: "flow_dispatch", payload: { flow: "carry" } } },
    "bare-one": { target: { mode: "notify_only" } },
  });
});

test.each([
  [{ stack: "web", backendUrl: "https://w.example" }, { stack: "web" }],
  [
    { stackId: "web", workspaceBackendUrl: "https://w.example/events" },
    { stack: "web", backendUrl: "https://w.example/events" },
  ],
  [
    { stacks: ["web"], baseUrl: "https://w.example" },
    { stack: "web", backendUrl: "https://w.example" },
  ],
  [{ stacks: ["web", "shop"] }, { mode: "maintain", stacks: ["web", "shop"] }],
  [
    { fork: { owner: "office", name: "rocket", defaultBranch: "office" } },
    { fork: { url: "https://github.com/office/rocket.git" }, branch: "office" },
  ],
  [
    {
      forkUrl: "https://forge.example.org/office/rocket",
      patchBranch: "p",
      upstreamUrl: "https://forge.example.org/acme/rocket",
    },
    { branch: "p", upstream: { url: "https://forge.example.org/acme/rocket" } },
  ],
])("target %j is read as %j", (target, wanted) => {
  const document = { sources: [{ id: "one", ...releases, target: { mode: "workspace_flow", ...target } }] };
  expect(OlderFile.parse(document)).toMatchObject({
    configuration: { sources: [{ id: "one", target: wanted }] },
    entries: [{ id: "one" }],
  });
});

test.each([
  [
    { target: { mode: "fork_sink" } },
    'sources.0.target.mode: unknown mode "fork_sink"; known are notify_only, fork_sync',
  ],
  [{ target: {} }, "target.mode: is missing"],
  [{ target: { mode: "fork_sync", branch: "main" } }, "does not say where the fork is; say target.forkUrl"],
  [{ target: { mode: "fork_sync", repoFullName: "office/rocket" } }, "names no branch of the fork"],
  [
    { target: { mode: "fork_sync", repoFullName: "office/rocket", provider: "jojo", branch: "b" } },
    "but on which host? Say target.forkUrl",
  ],
  [{ target: { mode: "workspace_flow", backendUrl: "ftp://w.example" } }, "must be an http(s) or ws(s) URL"],
  [
    { target: { mode: "workspace_flow", backendUrl: "https://a.example", dispatchUrl: "https://b.example" } },
    "says something else than 'backendUrl'",
  ],
  [{ target: { mode: "workspace_flow" }, polIntervalSeconds: 5 }, "unknown field 'polIntervalSeconds'"],
  [{ target: { mode: "workspace_flow" }, provider: "githab" }, "unknown provider 'githab', did you mean 'github'?"],
  [{ target: { mode: "workspace_flow" }, event: "releases" }, "sources.0.event:"],
  [{ target: { mode: "workspace_flow" }, url: "not an address" }, "sources.0.url:"],
  [{ target: { mode: "workspace_flow" }, id: "" }, "sources.0.id: is missing"],
])("what cannot be understood is refused by name: %j", (change, says) => {
  const { pollIntervalSeconds: _left, ...rest } = releases;
  const document = { sources: [{ id: "one", ...rest, ...change }] };
  expect(isOlderFile(document)).toBe(true);
  expect(describeIssues(OlderFile.safeParse(document).error ?? { issues: [] }).join("\n")).toContain(says);
});

test("a refusal names the place in the file", async () => {
  writeFileSync(
    file,
    '{\n  "sources": [\n    {"id": "one", "provider": "github", "target": {"mode": "fork_sink"}}\n  ]\n}',
  );
  const ended = await patchMoi(["apply", "-f", file], { PATCH_MOI_URL: "http://127.0.0.1:9", PATCH_MOI_TOKEN: "t" });
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toMatch(/^invalid_file: .*: 3:\d+: sources\.0\.target\.mode: unknown mode "fork_sink".*\n$/);
});

test("--prune leaves the stack alone that a source brings with it", async () => {
  write({
    sources: [
      {
        id: "web",
        ...releases,
        target: { mode: "fork_sync", forkUrl: "https://forge.example.org/office/web", branch: "office" },
      },
    ],
  });
  await using api = await testApi({
    ...empty,
    "GET /stacks": {
      stacks: [
        { ...stack, id: "web" },
        { ...stack, id: "old" },
      ],
    },
  });
  const ended = await patchMoi(["apply", "-f", file, "--prune", "--dry-run"], api.env);
  expect(ended.stdout).toContain("- stack old");
  expect(ended.stdout).not.toContain("- stack web");
});

test("a file of today with a wrong field is still told so", async () => {
  write({ $schema: "x", sources: [{ id: "one", ...releases, label: "ours" }] });
  const ended = await patchMoi(["apply", "-f", file], { PATCH_MOI_URL: "http://127.0.0.1:9", PATCH_MOI_TOKEN: "t" });
  expect(ended.stderr).toContain("unknown field 'label'");
});
