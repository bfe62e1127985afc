/**
 * Which job a stack trusts: what the ID tokens of our workflow in a fork say of it.
 *
 * @module
 */
import type { ForgeKind, ForgeRepository } from "../../worker/contract/forge.ts";
import { ForgeIdentity } from "../../worker/contract/forge-identity.ts";
import type { DriverName } from "../../worker/contract/surface.ts";
import type { RepositoryFacts } from "../../worker/forges/forge.ts";

export const DRIVER_OF: Readonly<Record<ForgeKind, DriverName>> = {
  github: "github-actions",
  forgejo: "forgejo-actions",
  gitlab: "gitlab-ci",
};

/**
 * @param ref the branch that the workflow is started on, and `path` its file there
 * @param issuer where it is not the forge's own
 */
export function identityOf(
  { kind, webUrl, host }: ForgeRepository,
  facts: RepositoryFacts,
  { path, ref }: { path: string; ref: string },
  issuer: string | undefined,
): ForgeIdentity {
  const { origin } = new URL(webUrl);
  const at = {
    github: `${facts.fullName}/`,
    forgejo: `${facts.fullName}/`,
    gitlab: `${new URL(webUrl).host}/${facts.fullName}//`,
  };
  return ForgeIdentity.parse({
    forge: kind,
    issuer: issuer ?? issuerOf(kind, host, origin),
    repositoryId: facts.id,
    ownerId: facts.ownerId,
    workflowRef: `${at[kind]}${path}@refs/heads/${ref}`,
    // GitLab tells a pipeline that the API made from one that a push did.
    events: [kind === "gitlab" ? "api" : "workflow_dispatch"],
    ...(kind === "github" && host === "github.com" ? { runnerEnvironment: "github-hosted" } : {}),
  });
}

function issuerOf(kind: ForgeKind, host: string, origin: string): string {
  switch (kind) {
    case "github":
      return host === "github.com" ? "https://token.actions.githubusercontent.com" : `${origin}/_services/token`;
    case "forgejo":
      return `${origin}/api/actions`;
    case "gitlab":
      return origin;
  }
}
