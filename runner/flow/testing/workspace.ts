/**
 * A workspace with flow packages for tests, and what a job in it ends with.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AttemptResult } from "../../../worker/contract/runner-wire.ts";
import type { Environment } from "../../client/settings.ts";
import { environmentSecrets, makeRedactor } from "../../job/redact.ts";
import { type Scratch, scratch } from "../../job/testing/scratch.ts";
import type { PackageEvent } from "../package-event.ts";
import { runFlows } from "../run-flows.ts";

export const RELEASE: PackageEvent = {
  id: "patch:web:v2:upstream.release",
  type: "upstream.release",
  payload: { repo: "lantern-project/lantern", tag: "v2" },
};

export class TestWorkspace {
  readonly folder: Scratch = scratch();
  readonly root: string;
  readonly logged: string[] = [];

  constructor() {
    this.root = join(this.folder.path, "workspace");
    mkdirSync(this.root);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.root, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }

  /** A package in `flows` with one step for releases, of a script in the runner's language. */
  package(name: string, script: string, step: Readonly<Record<string, string | number>> = {}): void {
    const fields = { name: "step", runner: "node", script: "step.mjs", timeout_ms: 20_000, ...step };
    const toml = Object.entries(fields).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    this.write({
      [`flows/${name}/flow.toml`]: `name = "${name}"\nversion = 1\n[[steps]]\n${toml.join("\n")}\n[steps.trigger]\ntype = "upstream.release"\n`,
      [`flows/${name}/${fields.script}`]: script,
    });
  }

  run(
    more: { event?: PackageEvent; env?: Environment; signal?: AbortSignal; push?: boolean } = {},
  ): Promise<AttemptResult> {
    const env = { PATH: process.env.PATH, ...more.env };
    const event = more.event ?? RELEASE;
    const tools = {
      home: this.folder.home,
      signal: more.signal ?? new AbortController().signal,
      progress: () => {},
      log: (text: string) => void this.logged.push(text),
      redact: makeRedactor(environmentSecrets(env)),
      push: more.push ?? true,
    };
    const runtime = { eventId: event.id, runId: "web.1.1", attemptId: "web.1", replay: false, push: tools.push };
    return runFlows({ workspace: this.root, event, runtime, tools, env });
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** A script that prints one line FLOW_RESULT. */
export function saying(result: unknown): string {
  return `console.log("FLOW_RESULT " + ${JSON.stringify(JSON.stringify(result))});\n`;
}
