/**
 * Which job of which forge may claim a stack's attempts with its ID token (OIDC), and nothing else.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { ForgeKind } from "./forge.ts";
import { HttpUrl } from "./primitives.ts";

/** A forge's own id: names can be given to somebody else, ids cannot. */
const ForgeId = z.string().regex(/^[0-9]{1,20}$/, "use the forge's numeric id, as text");

/** Everything a token must say; one that says less is refused. */
export const ForgeIdentity = z
  .strictObject({
    forge: ForgeKind,
    /** As in the token's `iss`, to the letter: `https://token.actions.githubusercontent.com`. */
    issuer: HttpUrl,
    repositoryId: ForgeId,
    ownerId: ForgeId,
    /** The workflow's file and the ref it is read from: `o/r/.github/workflows/patch-moi.yml@refs/heads/main`. */
    workflowRef: z.string().min(1).max(500),
    /** What may have started the job: `workflow_dispatch`; GitLab's `pipeline_source`: `trigger`, `api`. */
    events: z.array(z.string().min(1).max(64)).min(1).max(20),
    /** `github-hosted`, `self-hosted`, `gitlab-hosted`. Absent: any. */
    runnerEnvironment: z.string().min(1).max(64).optional(),
  })
  .openapi("ForgeIdentity");
export type ForgeIdentity = z.infer<typeof ForgeIdentity>;
