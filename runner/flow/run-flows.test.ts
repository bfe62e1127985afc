import { chmodSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FlowStatus } from "../../worker/contract/flow-result.ts";
import { packageEvent } from "./package-event.ts";
import { RELEASE, saying, TestWorkspace } from "./testing/workspace.ts";

const OID = "a".repeat(40);

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = new TestWorkspace();
});
afterEach(() => workspace[Symbol.dispose]());

function manifest(name: string, version: string, trigger: string, more = ""): string {
  return `name = "${name}"\nversion = ${version}\n${more}\n[[steps]]\nname = "step"\nrunner = "node"\nscript = "step.mjs"\n[steps.trigger]\n${trigger}\n`;
}

describe("which steps run", () => {
  const ran = async (event = RELEASE) => {
    const result = await workspace.run({ event });
    return result.steps?.map(({ flow, version, step }) => `${flow}@${version}/${step}`) ?? result.reason?.code;
  };

  test("what is installed wins by name over the workspace's own", async () => {
    const trigger = 'type = "upstream.release"';
    workspace.write({
      ".codex/flows/a/flow.toml": manifest("same", "2", trigger),
      ".codex/flows/a/step.mjs": saying({ status: "completed" }),
      "flows/b/flow.toml": manifest("same", "1", trigger),
      "flows/b/step.mjs": saying({ status: "failed" }),
      "flows/c/flow.toml": manifest("other", '"1.0.0"', trigger),
      "flows/c/step.mjs": saying({ status: "completed" }),
      "flows/no-package/README.md": "nothing here",
    });
    expect(await ran()).toEqual(["same@2/step", "other@1.0.0/step"]);
  });

  test("those of the event's type whose schema takes the payload, from a file or from the table itself", async () => {
    const schema = {
      type: "object",
      required: ["repo", "tag"],
      properties: { repo: { enum: ["lantern-project/lantern"] } },
    };
    workspace.write({
      "flows/file/flow.toml": manifest("file", "1", 'type = "upstream.release"\nschema = "schemas/release.json"'),
      "flows/file/schemas/release.json": JSON.stringify(schema),
      "flows/file/step.mjs": saying({ status: "completed" }),
      "flows/table/flow.toml": manifest(
        "table",
        "1",
        'type = "upstream.release"\n[steps.trigger.schema]\n"$schema" = "https://json-schema.org/draft/2020-12/schema"\n[steps.trigger.schema.properties.tag]\npattern = "^v[0-9]"',
      ),
      "flows/table/step.mjs": saying({ status: "completed" }),
      "flows/push/flow.toml": manifest("push", "1", 'type = "upstream.push"'),
      "flows/push/step.mjs": saying({ status: "completed" }),
    });
    expect(await ran()).toEqual(["file@1/step", "table@1/step"]);
    expect(await ran({ ...RELEASE, payload: { repo: "else/where", tag: "v1" } })).toEqual(["table@1/step"]);
    expect(await ran({ ...RELEASE, type: "upstream.push" })).toEqual(["push@1/step"]);
  });

  test("none: skipped, with what stood in the way", async () => {
    workspace.write({
      "flows/a/flow.toml": manifest("a", "1", 'type = "upstream.release"\n[steps.trigger.schema]\nrequired = ["sha"]'),
      "flows/a/step.mjs": "",
    });
    expect(await workspace.run()).toMatchObject({
      outcome: "skipped",
      steps: [],
      reason: {
        code: "no_step_matches",
        message:
          "no step of the installed packages is for this event (upstream.release); a/step would be, but the payload must have required property 'sha'",
      },
    });
  });

  test("nothing installed, or no such workspace: blocked, since nobody meant that", async () => {
    expect(await workspace.run()).toMatchObject({ outcome: "blocked", reason: { code: "no_flow_packages" } });
  });

  test("our own events are matched with a flat payload", () => {
    const repo = { fullName: "lantern-project/lantern", owner: "lantern-project", name: "lantern" };
    const entry = { entryId: "v2", tag: "v2", title: "lantern 2" };
    const event = { id: "e", type: "upstream.release", sourceId: "s", payload: { provider: "forgejo", repo, entry } };
    expect(packageEvent(event).payload).toEqual({
      provider: "forgejo",
      sourceId: "s",
      entry,
      entryId: "v2",
      tag: "v2",
      title: "lantern 2",
      repo: "lantern-project/lantern",
      repoOwner: "lantern-project",
      repoName: "lantern",
    });
    expect(packageEvent(RELEASE)).toEqual(RELEASE);
  });
});

describe("a step", () => {
  const echo = "export default (context) => ({ status: 'completed', artifacts: { context, cwd: process.cwd() } });";

  test("of a module is given its context and runs in the package's folder", async () => {
    workspace.write({
      "flows/a/flow.toml": manifest("a", "3", 'type = "upstream.release"', "[config]\nrepo = 'x'\nsince = 2026-01-01"),
      "flows/a/step.mjs": echo,
    });
    const root = realpathSync(join(workspace.root, "flows/a"));
    const result = await workspace.run();
    expect(result.steps?.[0]?.artifacts).toEqual({
      cwd: root,
      context: {
        flow: { name: "a", version: 3, root, step: "step", config: { repo: "x", since: "2026-01-01" }, event: RELEASE },
        runtime: { eventId: RELEASE.id, runId: "web.1.1", attemptId: "web.1", replay: false, push: true },
      },
    });
  });

  test("reads its context from standard input and prints its result, in TypeScript too", async () => {
    workspace.package(
      "raw",
      `const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const { flow } = JSON.parse(Buffer.concat(chunks).toString()) as { flow: { event: { payload: { tag: string } } } };
console.log(\`FLOW_RESULT \${JSON.stringify({ status: "completed", message: flow.event.payload.tag })}\`);`,
      { script: "exec/step.ts", cwd: "../.." },
    );
    expect(await workspace.run()).toMatchObject({ outcome: "completed", steps: [{ message: "v2" }] });
  });

  test("of a shell reads it with what the system has", async () => {
    workspace.package(
      "sh",
      `tag=$(sed 's/.*"tag":"\\([^"]*\\)".*/\\1/')\nprintf 'FLOW_RESULT {"status":"completed","message":"%s"}\\n' "$tag"\n`,
      {
        runner: "shell",
        script: "step.sh",
      },
    );
    expect(await workspace.run()).toMatchObject({ outcome: "completed", steps: [{ message: "v2" }] });
  });

  test("of bun runs with the bun of the PATH, and blocks without one", async () => {
    workspace.package("bun", saying({ status: "completed", message: "by bun" }), { runner: "bun" });
    const bin = join(workspace.folder.path, "bin");
    mkdirSync(bin);
    expect(await workspace.run({ env: { PATH: bin } })).toMatchObject({
      outcome: "blocked",
      reason: { code: "program_missing", message: /bun\/step: it needs bun, which is not on the runner's PATH/ },
    });
    writeFileSync(join(bin, "bun"), `#!/bin/sh\nexec ${process.execPath} "$@"\n`);
    chmodSync(join(bin, "bun"), 0o755);
    const path = [bin, process.env.PATH].join(delimiter);
    expect(await workspace.run({ env: { PATH: path } })).toMatchObject({ steps: [{ message: "by bun" }] });
  });

  test("of code mode runs only when that is switched on", async () => {
    workspace.package(
      "code",
      `const said = await tools.exec_command({ cmd: "echo out; echo err >&2; exit 3", workdir: flow.root });
text("said " + said.output.trim().replace("\\n", " ") + "\\n");
if (said.exit_code === 3) result({ status: "changed", message: flow.event.payload.tag });
text("never reached");`,
      { runner: "code-mode", script: "step.code-mode.js" },
    );
    const off = await workspace.run();
    expect(off).toMatchObject({ outcome: "blocked", reason: { code: "code_mode_off" } });
    expect(off.reason?.message).toContain("CODEX_FLOWS_ENABLE_CODE_MODE=1");
    const on = await workspace.run({ env: { CODEX_FLOWS_ENABLE_CODE_MODE: "1" } });
    expect(on).toMatchObject({ outcome: "changed", steps: [{ message: "v2" }] });
    expect(workspace.logged.join("\n")).toContain("said out err");
    expect(workspace.logged.join("\n")).not.toContain("never reached");
  });

  test("is told when nothing may be pushed", async () => {
    workspace.package(
      "a",
      "export default ({ runtime }) => ({ status: 'completed', message: runtime.push + ' ' + process.env.CODEX_FLOW_PUSH });",
    );
    const env = { CODEX_FLOW_PUSH: "1" };
    expect((await workspace.run({ env })).steps?.[0]?.message).toBe("true 1");
    expect((await workspace.run({ env, push: false })).steps?.[0]?.message).toBe("false 0");
  });
});

describe("several steps make one outcome", () => {
  const step = (name: string, status: FlowStatus, artifacts?: unknown) =>
    workspace.package(name, saying({ status, message: `${name} says so`, artifacts }));

  test("candidates are merged and survive a later failure", async () => {
    const branch = { ref: "refs/heads/fix", sha: OID };
    step("a", "changed", { candidateRefs: [branch, branch] });
    step("b", "changed", {
      candidates: [
        { kind: "branch", ref: "refs/heads/fix", oid: OID },
        { ref: "refs/tags/v2-ours", oid: OID },
      ],
    });
    step("c", "failed", { code: "no_luck" });
    expect(await workspace.run()).toMatchObject({
      outcome: "failed",
      reason: { code: "no_luck", message: "c/step: c says so" },
      candidates: [
        { kind: "branch", ref: "refs/heads/fix", oid: OID },
        { kind: "tag", ref: "refs/tags/v2-ours", oid: OID },
      ],
      steps: [{ status: "changed" }, { status: "changed" }, { status: "failed" }],
    });
  });

  test("a person's turn goes before all", async () => {
    step("a", "blocked");
    step("b", "needs_intervention");
    step("c", "changed");
    expect(await workspace.run()).toMatchObject({
      outcome: "needs_intervention",
      reason: { code: "step_needs_intervention", message: "b/step: b says so" },
    });
  });
});
