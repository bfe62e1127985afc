import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { offences, specifiers } from "./directions.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

describe("imports point one way", () => {
  it("in every source file", () => {
    const files = globSync("{worker,durable-objects,runner,harness}/**/*.{ts,tsx}", { cwd: ROOT });
    expect(files).toContain("worker/store/schema.ts");
    const wrong = files.flatMap((file) => offences(file, readFileSync(`${ROOT}/${file}`, "utf8")));
    expect(wrong).toEqual([]);
  });

  it.each([
    ["worker/contract/stack.ts", `import type { Env } from "../platform/settings.ts";`],
    ["worker/store/attempts.ts", `import { accept } from "../api/stacks.ts";`],
    ["worker/store/attempts.ts", `export * from "../../durable-objects/patch-stack.ts";`],
    ["worker/auth/admin-token.ts", `import {\n  one,\n  two,\n} from "../intake/poll.ts";`],
    ["durable-objects/patch-stack.ts", `const api = await import("../worker/api/http.ts");`],
    ["runner/job/work.ts", `import type { Row } from "../../worker/store/schema.ts";`],
    ["runner/job/work.ts", `import { env } from "cloudflare:workers";`],
    ["worker/api/stacks.ts", `import "../../harness/edge/set-up.ts";`],
    ["worker/api/stacks.ts", `import { readFileSync } from "node:fs";`],
    ["worker/api/stacks.ts", `import { one } from "./http";`],
    ["runner/job/work.test.ts", `import { poll } from "../../worker/intake/poll.ts";`],
    ["worker/unheard-of/stacks.ts", ``],
  ])("refuses in %s: %s", (file, source) => {
    expect(offences(file, source)).toHaveLength(1);
  });

  it.each([
    ["worker/index.ts", `export { PatchStack } from "../durable-objects/patch-stack.ts";`],
    ["worker/api/stacks.ts", `import { preview } from "../intake/preview.ts";`],
    ["worker/api/stacks.test.ts", `import { edge } from "../../harness/edge/request.ts";`],
    ["durable-objects/patch-stack.test.ts", `import { everyMinute } from "../worker/cron.ts";`],
    ["worker/intake/parse.test.ts", `import feed from "./fixtures/some.atom?raw";`],
    ["runner/main.ts", `import { StackReport } from "../worker/contract/report.ts";`],
    ["runner/main.ts", `// import { a } from "../worker/store/schema.ts";`],
    ["harness/rehearsal/main.ts", `import { one } from "../../worker/store/schema.ts";`],
  ])("allows in %s: %s", (file, source) => {
    expect(offences(file, source)).toEqual([]);
  });

  it("sees every form of import", () => {
    const source = `
      import a from "./a.ts";
      import { b } from './b.ts';
      import type { C } from "./c.ts";
      import "./d.ts";
      export { e } from "./e.ts";
      export type { F } from "./f.ts";
      const g = await import("./g.ts");
      import {
        h,
      } from "./h.ts";
      const text = "import from nowhere";
    `;
    expect(specifiers(source).toSorted()).toEqual(
      ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `./${name}.ts`),
    );
  });
});
