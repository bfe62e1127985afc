/** Packages that are broken, careless or hostile: each ends in words that a person understands. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lookAtProcess } from "../job/process-life.ts";
import { RELEASE, saying, TestWorkspace } from "./testing/workspace.ts";

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = new TestWorkspace();
});
afterEach(() => workspace[Symbol.dispose]());

const DONE = saying({ status: "completed", message: "done" });

describe("a package that reaches out of its place runs nothing", () => {
  beforeEach(() => {
    workspace.write({ "outside.mjs": DONE });
    writeFileSync(join(workspace.folder.path, "beyond.mjs"), DONE);
    mkdirSync(join(workspace.folder.path, "beyond"));
  });

  test.each([
    ["a script by ..", { script: "../../outside.mjs" }, /its script '..\/..\/outside.mjs' leads out of/],
    ["an absolute script", { script: "/bin/true" }, /its script '\/bin\/true' is absolute/],
    ["a script that is no file", { script: "." }, /its script '.' is not a file/],
    ["a script that is not there", { script: "gone.mjs" }, /its script 'gone.mjs' is not there/],
    ["a cwd beyond the workspace", { cwd: "../../../beyond" }, /its cwd '..\/..\/..\/beyond' leads out of/],
    ["an absolute cwd", { cwd: "/" }, /its cwd '\/' is absolute/],
    ["a NUL in a path", { script: "a\0b" }, /a path holds a NUL character/],
  ])("%s", async (_, step, words) => {
    workspace.package("evil", DONE);
    const toml = readFileSync(join(workspace.root, "flows/evil/flow.toml"), "utf8");
    const lines = Object.entries(step).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    const own = toml
      .replace(/^script = .*\n/m, "script" in step ? "" : "$&")
      .replace("[[steps]]\n", `[[steps]]\n${lines.join("\n")}\n`);
    workspace.write({ "flows/evil/flow.toml": own });
    const result = await workspace.run();
    expect(result).toMatchObject({ outcome: "blocked", reason: { code: "flow_package_invalid" } });
    expect(result.reason?.message).toMatch(words);
    expect(result.reason?.message).toContain("nothing was run");
  });

  test.each([
    ["script", "step.mjs", "beyond.mjs", /its script 'step.mjs' is a link that leads out of/],
    ["schema", "schema.json", "beyond.mjs", /its schema 'schema.json' is a link that leads out of/],
    ["cwd", "place", "beyond", /its cwd 'place' is a link that leads out of/],
  ])("a link as %s", async (field, name, target, words) => {
    workspace.write({
      "flows/evil/flow.toml": `name = "evil"\n[[steps]]\nname = "step"\nrunner = "node"\nscript = "${field === "script" ? name : "real.mjs"}"\n${field === "cwd" ? `cwd = "${name}"\n` : ""}[steps.trigger]\ntype = "upstream.release"\n${field === "schema" ? `schema = "${name}"\n` : ""}`,
      "flows/evil/real.mjs": DONE,
    });
    symlinkSync(join(workspace.folder.path, target), join(workspace.root, "flows/evil", name));
    const result = await workspace.run();
    expect(result).toMatchObject({ outcome: "blocked", reason: { code: "flow_package_invalid" } });
    expect(result.reason?.message).toMatch(words);
  });

  test("a whole folder, or a flow.toml, that is a link", async () => {
    mkdirSync(join(workspace.root, "flows", "inner"), { recursive: true });
    writeFileSync(join(workspace.folder.path, "beyond", "flow.toml"), "");
    symlinkSync(join(workspace.folder.path, "beyond"), join(workspace.root, "flows/outer"));
    symlinkSync(join(workspace.folder.path, "beyond", "flow.toml"), join(workspace.root, "flows/inner/flow.toml"));
    const result = await workspace.run();
    expect(result.reason?.message).toMatch(
      /inner\/flow.toml: it is a link that leads out of the package \(and 1 more\)/,
    );
  });
});

describe("a flow.toml that is none blocks, and says where it is wrong", () => {
  test.each([
    ["no TOML", "name = [", /flow.toml: 1:8: unfinished array; correct it/],
    ["nothing in it", "", /flow.toml: name: is missing; steps: is missing/],
    ["no steps", 'name = "x"\nsteps = []', /steps: a package needs at least one \[\[steps\]\]/],
    [
      "a slip of the pen",
      'name = "x"\n[[steps]]\nname = "s"\nrunner = "node"\nscript = "s"\ntimout_ms = 1',
      /steps.0: unknown field 'timout_ms', did you mean 'timeout_ms'/,
    ],
    [
      "another runner",
      'name = "x"\n[[steps]]\nname = "s"\nrunner = "python"\nscript = "s"',
      /steps.0.runner: must be one of node, bun, shell, code-mode/,
    ],
    [
      "a name that is a path",
      'name = "../x"\n[[steps]]\nname = "s"\nrunner = "node"\nscript = "s"',
      /name: use 1 to 100 of/,
    ],
    [
      "two steps of one name",
      `name = "x"\n${'[[steps]]\nname = "s"\nrunner = "node"\nscript = "s"\n'.repeat(2)}`,
      /steps.1.name: 's' is declared twice/,
    ],
    ["a prototype for a table", 'name = "x"\n[__proto__]\nsteps = 1', /flow.toml: /],
  ])("%s", async (_, toml, words) => {
    workspace.package("good", DONE);
    workspace.write({ "flows/bad/flow.toml": toml });
    const result = await workspace.run();
    expect(result).toMatchObject({ outcome: "blocked", reason: { code: "flow_package_invalid" } });
    expect(result.reason?.message).toMatch(words);
    expect(workspace.logged).toEqual([]);
  });

  test("two packages of one name in one place", async () => {
    workspace.package("a", DONE);
    workspace.write({ "flows/b/flow.toml": readFileSync(join(workspace.root, "flows/a/flow.toml"), "utf8") });
    expect((await workspace.run()).reason?.message).toMatch(
      /flows\/b\/flow.toml: .*flows\/a is a package named 'a' too/,
    );
  });
});

describe("a schema that cannot be used blocks: whether the step matches is not known", () => {
  test.each([
    ["no JSON", "{", /evil\/step: its schema 'schema.json' is not JSON/],
    ["no schema", '{"type":"strnig"}', /its schema cannot be used: .*type/],
    ["neither object nor boolean", "7", /its schema 'schema.json' is neither an object nor a boolean/],
    [
      "a reference elsewhere",
      '{"$ref":"https://schemas.example.org/x.json"}',
      /its schema cannot be used: can't resolve reference/,
    ],
    ["a pattern that takes for ever", '{"properties":{"tag":{"pattern":"^(a+)+$"}}}', /timed out after 2000ms/],
    ["one that leads out", undefined, /its schema '..\/..\/x.json' leads out of/],
  ])("%s", async (_, schema, words) => {
    workspace.package("evil", DONE);
    const toml = readFileSync(join(workspace.root, "flows/evil/flow.toml"), "utf8");
    workspace.write({
      "flows/evil/flow.toml": `${toml}schema = "${schema === undefined ? "../../x.json" : "schema.json"}"\n`,
    });
    if (schema !== undefined) workspace.write({ "flows/evil/schema.json": schema });
    const event = { ...RELEASE, payload: { tag: `${"a".repeat(40)}!` } };
    const result = await workspace.run({ event });
    expect(result).toMatchObject({ outcome: "blocked", reason: { code: "flow_package_invalid" } });
    expect(result.reason?.message).toMatch(words);
  });
});

describe("a step that does not say how it ended fails, and the reason says what is missing", () => {
  test.each([
    [
      "no FLOW_RESULT",
      'console.log("hello");',
      "no_flow_result",
      /did not say how: its last output must be one line FLOW_RESULT/,
    ],
    ["no JSON", 'console.log("FLOW_RESULT {oops}");', "flow_result_invalid", /it is not JSON/],
    [
      "no status",
      'console.log("FLOW_RESULT {}");',
      "flow_result_invalid",
      /status: is missing; it is one of skipped, completed/,
    ],
    ["another status", 'console.log(`FLOW_RESULT {"status":"great"}`);', "flow_result_invalid", /status: /],
    ["no object", "export default () => 7;", "flow_result_invalid", /must be an object, not/],
    ["nothing returned", "export default () => {};", "flow_result_invalid", /must be an object, not/],
    [
      "a result that is a book",
      'console.log("FLOW_RESULT " + "x".repeat(3e6));',
      "flow_result_invalid",
      /longer than 1048576 characters/,
    ],
    ["an exception", 'throw new Error("it is broken");', "step_exit_code", /exit code 1; its last line was/],
    ["an exit code", "process.exit(3);", "step_exit_code", /exit code 3 and no output/],
    [
      "an exit code after all was well",
      `${DONE}process.exitCode = 3;`,
      "step_exit_code",
      /exit code 3 after it had said 'completed'/,
    ],
    ["a death by signal", 'process.kill(process.pid, "SIGKILL");', "step_exit_code", /exit code 137/],
    ["a syntax error", "const const;", "step_exit_code", /exit code 1/],
  ])("%s", async (_, script, code, words) => {
    workspace.package("bad", script);
    const result = await workspace.run();
    expect(result).toMatchObject({ outcome: "failed", infrastructure: false, reason: { code } });
    expect(result.reason?.message).toMatch(words);
    expect(result.reason?.message).toMatch(/^bad\/step: /);
  });

  test("of two lines the last counts, and the log says that there were two", async () => {
    workspace.package(
      "twice",
      `${saying({ status: "failed", message: "first" })}${saying({ status: "completed", message: "second" })}`,
    );
    expect(await workspace.run()).toMatchObject({ outcome: "completed", steps: [{ message: "second" }] });
    expect(workspace.logged.join("\n")).toContain("it printed 2 lines FLOW_RESULT; the last one counts");
  });

  test("words that only look like a result are none", async () => {
    workspace.package(
      "talker",
      'console.log("see FLOW_RESULT {\\"status\\":\\"changed\\"}"); console.error("FLOW_RESULT {\\"status\\":\\"changed\\"}");',
    );
    expect(await workspace.run()).toMatchObject({ outcome: "failed", reason: { code: "no_flow_result" } });
  });
});

describe("a step that takes too much is ended", () => {
  test("time: with everything it started, even what left its process group", async () => {
    const pids = join(workspace.folder.path, "pids");
    workspace.package(
      "bomb",
      `trap "" TERM
for i in 1 2 3 4 5 6; do (trap "" TERM; echo $(sh -c 'echo $PPID') >> ${pids}; while :; do sleep 30; done) & done
setsid sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 30; done' &
while [ "$(wc -l < ${pids})" -lt 7 ]; do sleep 0.05; done
wait
`,
      { runner: "shell", script: "step.sh", timeout_ms: 1500 },
    );
    const result = await workspace.run();
    expect(result).toMatchObject({ outcome: "failed", reason: { code: "step_timed_out" } });
    expect(result.reason?.message).toContain("did not end within its time (timeout_ms = 1500)");
    const started = readFileSync(pids, "utf8").trim().split("\n").map(Number);
    expect(started).toHaveLength(7);
    expect(started.filter((pid) => lookAtProcess(pid).alive)).toEqual([]);
  });

  test("output: the rest is left out, and the result at its end is still read", async () => {
    workspace.package(
      "talker",
      `const line = "x".repeat(1023) + "\\n";
for (let i = 0; i < 40; i++) await new Promise((done) => process.stdout.write(line.repeat(1024), done));
${DONE}`,
    );
    expect(await workspace.run()).toMatchObject({ outcome: "completed", steps: [{ message: "done" }] });
    expect(workspace.logged.join("\n").length).toBeLessThan(18 * 1024 * 1024);
    expect(workspace.logged.join("\n")).toContain("more than 16777216 bytes: what follows is not kept");
  });

  test("artifacts: what does not fit a report is left out and marked", async () => {
    workspace.package(
      "hoarder",
      `export default () => ({ status: "completed", artifacts: { all: "x".repeat(200000) } });`,
    );
    const result = await workspace.run();
    expect(result.steps).toMatchObject([{ status: "completed", artifactsTrimmed: true }]);
    expect(JSON.stringify(result).length).toBeLessThan(2000);
  });

  test("a runner that is stopped ends its step", async () => {
    const marker = join(workspace.folder.path, "started");
    workspace.package(
      "slow",
      `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(marker)}, ""); setInterval(() => {}, 1000);`,
    );
    const stop = new AbortController();
    const running = workspace.run({ signal: stop.signal });
    const timer = setInterval(() => {
      if (existsSync(marker)) stop.abort(new Error("stopped"));
    }, 20);
    await expect(running).rejects.toThrow("stopped");
    clearInterval(timer);
  });
});

describe("secrets of the runner", () => {
  const env = { PATCH_MOI_GIT_TOKEN: "canary-git-token-1", CI_TOKEN: "canary-ci-token-22", HOME: "/home/canary" };

  test("are not in a step's environment, and its home is its own", async () => {
    workspace.package("spy", 'export default () => ({ status: "completed", artifacts: { env: process.env } });');
    const result = await workspace.run({ env });
    const told = JSON.stringify(result.steps?.[0]?.artifacts);
    expect(told).toContain('"PATH"');
    expect(told).not.toContain("canary");
    expect(result.steps?.[0]?.artifacts?.env).not.toHaveProperty("PATCH_MOI_GIT_TOKEN");
  });

  test("that the operator passes on are taken out of all that a step says", async () => {
    workspace.package(
      "leaky",
      `const token = process.env.CI_TOKEN; console.log(token, Buffer.from(token).toString("base64"));
export default () => ({ status: "failed", message: "used " + token, artifacts: { token } });`,
    );
    const result = await workspace.run({ env: { ...env, PATCH_MOI_FLOW_ENV: "CI_TOKEN" } });
    expect(result.reason?.message).toBe("leaky/step: used [redacted]");
    expect(JSON.stringify(result)).not.toContain("canary");
    expect(workspace.logged.join("\n")).not.toContain("canary");
    expect(workspace.logged.join("\n")).toContain("[redacted] [redacted]");
  });
});
