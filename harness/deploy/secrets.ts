/**
 * The secrets of a deployment: given by the operator's environment, kept as they are there, or made.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { OPTIONAL_SETTINGS, readSettings, SettingsError } from "../../worker/platform/settings.ts";
import { DeployFailure } from "./deploy-failure.ts";

/** Without these a deployment does nothing; each is made where it is neither there nor given. */
const NEEDED = {
  PATCH_ADMIN_TOKEN: () => randomBytes(32).toString("base64url"),
  PATCH_SIGNING_KEY: () => randomBytes(48).toString("base64url"),
  PATCH_CREDENTIALS_KEYS: () => `${new Date().toISOString().slice(0, 10)}:${randomBytes(32).toString("base64")}`,
} as const;

export type SecretPlan = {
  /** To be sent along, by name. */
  send: Record<string, string>;
  /** What became of each: `made` now, `given` by the environment, `kept` as the deployment has it. */
  origin: Record<string, "made" | "given" | "kept">;
};

/**
 * @param there names of the secrets that the deployment has
 * @param environment the operator's: a variable named like a secret gives it
 * @throws {DeployFailure} when one that is given cannot be used
 */
export function planSecrets(there: ReadonlySet<string>, environment: NodeJS.ProcessEnv): SecretPlan {
  const plan: SecretPlan = { send: {}, origin: {} };
  for (const name of [...Object.keys(NEEDED), ...OPTIONAL_SETTINGS]) {
    const given = environment[name];
    if (given !== undefined && given !== "") {
      plan.send[name] = given;
      plan.origin[name] = "given";
    } else if (there.has(name)) plan.origin[name] = "kept";
  }
  for (const [name, make] of Object.entries(NEEDED)) {
    if (plan.origin[name] !== undefined) continue;
    plan.send[name] = make();
    plan.origin[name] = "made";
  }
  try {
    readSettings(plan.send);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new DeployFailure("bad_secret", error.message, 2);
  }
  return plan;
}
