/** `run event` and `run codex-release` with the flow packages of a workspace, as an operator types them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestWorkspace } from "../flow/testing/workspace.ts";
import { patchMoi, testApi } from "./testing/command-line.ts";

const SCHEMA = JSON.stringify({
  type: "object",
  required: ["repo", "tag"],
  properties: { repo: { type: "string", enum: ["openai/codex"] }, tag: { type: "string" } },
});

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = new TestWorkspace();
  const step = (name: string, runner: string) =>
    `[[steps]]\nname = "${name}"\nrunner = "${runner}"\nscript = "step.mjs"\n[steps.trigger]\ntype = "upstream.release"\nschema = "schemas/release.json"\n`;
  workspace.write({
    ".codex/flows/bindings/flow.toml": `name = "codex-bindings"\nversion = 1\n${step("regenerate", "node")}`,
    ".codex/flows/bindings/schemas/release.json": SCHEMA,
    ".codex/flows/bindings/step.mjs": `import { writeFileSync } from "node:fs";
export default ({ flow }) => {
  writeFileSync("ran", "");
  return { status: "completed", message: "bound to " + flow.event.payload.tag };
};`,
    "flows/fork/flow.toml": `name = "codex-fork"\nversion = 2\n${step("carry", "code-mode")}`,
    "flows/fork/schemas/release.json": SCHEMA,
    "flows/fork/step.mjs": "",
  });
});
afterEach(() => workspace[Symbol.dispose]());

const release = (...more: string[]) =>
  patchMoi(["run", "codex-release", "--tag", "rust-v1.2.3", ...more], { PATCH_MOI_HOME: workspace.folder.home.root });
const ran = () => existsSync(join(workspace.root, ".codex/flows/bindings/ran"));

test("--dry-run lists the steps that match, and what keeps one from running", async () => {
  const ended = await release("--workspace", workspace.root, "--dry-run", "--json");
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(ended.stdout)).toMatchObject({
    event: {
      id: "patch:openai/codex:rust-v1.2.3:upstream.release",
      payload: { repo: "openai/codex", tag: "rust-v1.2.3" },
    },
    matches: [
      { flow: "codex-bindings", version: 1, step: "regenerate", runner: "node", installed: true },
      {
        flow: "codex-fork",
        version: 2,
        step: "carry",
        runner: "code-mode",
        installed: false,
        problem: expect.stringContaining("CODEX_FLOWS_ENABLE_CODE_MODE=1") as string,
      },
    ],
    passedOver: [],
  });
  const told = await release("--workspace", workspace.root, "--dry-run");
  expect(told.stdout).toContain("codex-bindings/regenerate (node, installed)\n");
  expect(told.stdout).toContain("not sent (--dry-run)");
  expect(ran()).toBe(false);
});

test("--dry-run with a broken package is exit code 1 and one line", async () => {
  workspace.write({ "flows/fork/flow.toml": "name = 7" });
  const ended = await release("--workspace", workspace.root, "--dry-run", "--json");
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(/^flow_package_invalid: .*flows\/fork\/flow.toml: name: .*\n$/);
});

test("--record-only records the event and hands it to nobody", async () => {
  const stored = {
    id: "e",
    type: "upstream.release",
    payload: { entry: { entryId: "x" } },
    receivedAt: "2026-11-22T11:00:00.000Z",
    stackIds: [],
  };
  await using api = await testApi({ "POST /flow-events": { event: stored, accepted: true } });
  const ended = await patchMoi(["run", "codex-release", "--tag", "rust-v1.2.3", "--record-only"], api.env);
  expect(ended).toMatchObject({ code: 0, stdout: "e: recorded, handed to no stack\n" });
  expect(api.calls[0]?.body).toMatchObject({
    payload: { entry: { tag: "rust-v1.2.3" }, repo: { fullName: "openai/codex" } },
  });
  expect(api.calls[0]?.body).not.toHaveProperty("stackIds");
});

test("--local runs them here, and says why not where one may not run", async () => {
  const refused = await release("--workspace", workspace.root, "--local", "--json");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^code_mode_off: codex-fork\/carry: .*nothing was run\n$/);
  expect(ran()).toBe(false);
  workspace.write({
    "flows/fork/flow.toml": 'name = "codex-fork"\n[[steps]]\nname = "carry"\nrunner = "node"\nscript = "step.mjs"',
  });
  const ended = await release("--workspace", workspace.root, "--local", "--json");
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(ended.stdout)).toMatchObject({
    outcome: "completed",
    steps: [{ message: "bound to rust-v1.2.3" }],
  });
  expect(ran()).toBe(true);
});

test("run event takes an event in the flat form of flow packages", async () => {
  const file = join(workspace.folder.path, "event.json");
  const payload = { repo: "openai/codex", tag: "rust-v1" };
  workspace.write({
    "../event.json": JSON.stringify({
      id: "e:1",
      type: "upstream.release",
      source: "patch",
      receivedAt: "2026-05-13T00:00:00.000Z",
      payload,
    }),
  });
  const ended = await patchMoi(["run", "event", "--file", file, "--dry-run", "--json", "--workspace", workspace.root]);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    body: { payload: { repo: { fullName: "openai/codex" }, entry: { entryId: "rust-v1", tag: "rust-v1" } } },
    event: { payload },
    matches: [{ flow: "codex-bindings" }, { flow: "codex-fork" }],
  });
});
