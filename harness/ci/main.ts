/**
 * A fork's forge as a process of its own: its API, its issuer of ID tokens and its CI.
 *
 * `node harness/ci/main.ts --kind github --fork office/lantern --git-dir DIR --origin URL --edge URL --folder DIR
 * --access FILE`. Prints one JSON line ({@link Ready}) when it answers. Ends on SIGTERM, SIGINT, and when its stdin
 * closes.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { workflowFor } from "../../runner/setup/workflow-template.ts";
import { GitRefs } from "../forge-server/git-refs.ts";
import { startForgeServer } from "../forge-server/server.ts";
import { startIssuer } from "../oidc-issuer/server.ts";
import { startForkCi, WORKFLOW_FILE } from "./fork-ci.ts";
import type { Ready } from "./main-ready.ts";
import { packRunner, unpackRunner } from "./published-runner.ts";

const Options = z.object({
  kind: z.enum(["github", "forgejo", "gitlab"]),
  fork: z.string(),
  "git-dir": z.string(),
  origin: z.string(),
  edge: z.url(),
  folder: z.string(),
  access: z.string(),
});

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { kind: text, fork: text, "git-dir": text, origin: text, edge: text, folder: text, access: text },
});
const options = Options.parse(values);
const { FORGE_TOKEN: token = "", PUSH_TOKEN: persons = "" } = process.env;

const issuer = await startIssuer();
const server = await startForgeServer(options.kind);
server.origin = options.origin;
server.tokens.set(token, "patch-moi");
const [owner = "", name = ""] = options.fork.split("/");
const repository = server.state.add(owner, name, { refs: new GitRefs(options["git-dir"]) });
const workflow = workflowFor(options.kind, new URL(options.edge), "token");
repository.files.set(`${repository.defaultBranch}:${WORKFLOW_FILE[options.kind]}`, workflow);

const scopes: Record<string, string> = { [persons]: "write" };
const remember = (): void => writeFileSync(options.access, JSON.stringify(scopes), { mode: 0o600 });
remember();
startForkCi({
  server,
  issuer,
  folder: join(options.folder, "runs"),
  packages: unpackRunner(packRunner(options.folder), options.folder),
  onToken: (made, scope) => {
    scopes[made] = scope;
    remember();
  },
});
const ready: Ready = { apiUrl: server.apiUrl, issuer: issuer.issuer.url };
process.stdout.write(`${JSON.stringify(ready)}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
process.stdin.on("close", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
