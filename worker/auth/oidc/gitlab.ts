/**
 * GitLab CI: https://docs.gitlab.com/ci/secrets/id_token_authentication/
 *
 * `ci_config_ref_uri` is null where the configuration is kept outside of the project: then nothing
 * says what runs, and the token is refused.
 *
 * @module
 */
import { z } from "zod";
import { Id, type ReadJobFacts, Text } from "./job-facts.ts";

const Claims = z.object({
  project_id: Id,
  namespace_id: Id,
  ci_config_ref_uri: Text,
  pipeline_source: Text,
  runner_environment: Text.optional(),
  job_id: Id,
});

export const readGitlab: ReadJobFacts = (claims) => {
  const { data } = Claims.safeParse(claims);
  if (data === undefined) return undefined;
  return {
    repositoryId: data.project_id,
    ownerId: data.namespace_id,
    workflowRef: data.ci_config_ref_uri,
    event: data.pipeline_source,
    runnerEnvironment: data.runner_environment,
    run: data.job_id,
  };
};
