/**
 * What a forge's job proves itself with: the ID token that the forge gives it, or, on a forge that gives
 * none, the secret of a registered runner.
 *
 * @module
 */
import { Name } from "../../worker/contract/primitives.ts";
import { usageFailure } from "../client/command-failure.ts";
import type { Environment } from "../client/settings.ts";
import type { Proof } from "./delivery.ts";
import { idToken } from "./id-token.ts";
import { RunnerSecret } from "./identity.ts";

export type JobProof = {
  proof: Proof;
  /** Under an ID token the server names the job itself. */
  name: string;
  /** What may stand in no log. */
  secrets: string[];
};

/** A secret that somebody put there is meant: it goes before the token. */
export async function jobProof(env: Environment, server: URL): Promise<JobProof> {
  const { PATCH_MOI_RUNNER_SECRET: secret, PATCH_MOI_RUNNER_NAME: name } = env;
  if (secret) {
    if (!RunnerSecret.safeParse(secret).success)
      throw usageFailure("PATCH_MOI_RUNNER_SECRET is not a whsec_ secret of 24 bytes or more");
    if (!Name.safeParse(name).success)
      throw usageFailure("PATCH_MOI_RUNNER_SECRET needs PATCH_MOI_RUNNER_NAME, the name that it was registered under");
    return { proof: { secret }, name: name ?? "", secrets: [secret] };
  }
  const token = await idToken(env, server);
  return { proof: { token }, name: "forge-job", secrets: [token] };
}
