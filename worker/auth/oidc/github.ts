/**
 * GitHub Actions: https://docs.github.com/en/actions/reference/security/oidc
 *
 * @module
 */
import { z } from "zod";
import { Id, type ReadJobFacts, Text } from "./job-facts.ts";

const Claims = z.object({
  repository_id: Id,
  repository_owner_id: Id,
  workflow_ref: Text,
  event_name: Text,
  runner_environment: Text,
  run_id: Id,
});

export const readGithub: ReadJobFacts = (claims) => {
  const { data } = Claims.safeParse(claims);
  if (data === undefined) return undefined;
  return {
    repositoryId: data.repository_id,
    ownerId: data.repository_owner_id,
    workflowRef: data.workflow_ref,
    event: data.event_name,
    runnerEnvironment: data.runner_environment,
    run: data.run_id,
  };
};
