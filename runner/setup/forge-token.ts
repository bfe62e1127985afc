/**
 * The person's own token for a forge: from the environment, else from git's credential helpers.
 *
 * A variable of a forge's own name goes to that forge's public host only; for any other host a person says
 * so with PATCH_MOI_FORGE_TOKEN. What git has is bound to the host by git.
 *
 * @module
 */
import type { ForgeRepository } from "../../worker/contract/forge.ts";
import type { Environment } from "../client/settings.ts";
import { operatorGit } from "../commands/operator-git.ts";

const OF_HOST: Readonly<Record<string, readonly string[] | undefined>> = {
  "github.com": ["GH_TOKEN", "GITHUB_TOKEN"],
  "gitlab.com": ["GITLAB_TOKEN"],
  "codeberg.org": ["CODEBERG_TOKEN"],
};

export type ForgeToken = { token: string | undefined; from: string };

export async function forgeToken(repository: ForgeRepository, dir: string, env: Environment): Promise<ForgeToken> {
  for (const name of ["PATCH_MOI_FORGE_TOKEN", ...(OF_HOST[repository.host] ?? [])]) {
    const token = env[name];
    if (token) return { token, from: name };
  }
  const { protocol, host } = new URL(repository.webUrl);
  const asked = `protocol=${protocol.slice(0, -1)}\nhost=${host}\npath=${repository.owner}/${repository.name}.git\n\n`;
  const filled = await operatorGit(dir, ["credential", "fill"], {
    input: asked,
    okExitCodes: [1, 128],
    // Nothing is asked of the person: without a token what is public is read.
    env: { GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "", SSH_ASKPASS: "", GCM_INTERACTIVE: "never" },
  });
  const token = /^password=(.+)$/m.exec(filled.stdout)?.[1];
  return token === undefined ? { token: undefined, from: "none" } : { token, from: "git's credential helper" };
}
