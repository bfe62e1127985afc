/**
 * Refuses one more of a thing of which the deployment has as many as it takes.
 *
 * @module
 */
import type { QuotaKind } from "../contract/quota.ts";
import { countOf } from "../store/quotas.ts";
import { ApiError, type AppEnv } from "./http.ts";

/** What takes one of them away. */
const REMEDY: Readonly<Record<QuotaKind, string>> = {
  stacks: "DELETE /stacks/:id",
  sources: "DELETE /feed-sources/:id",
  tokens: "DELETE /tokens/:name",
  runners: "DELETE /runners/:name",
};

/**
 * To be asked before something new is made, not before a change of what is there. Requests at the same moment may
 * go past it by their number: it is there to stop what goes on and on.
 */
export async function withinQuota({ db, settings }: AppEnv["Variables"], kind: QuotaKind): Promise<void> {
  const most = settings.quotas[kind];
  const there = await countOf(db, kind);
  if (there < most) return;
  throw new ApiError(
    "quota_exceeded",
    `this deployment has ${there} ${kind} and takes ${most}; ` +
      `delete one (${REMEDY[kind]}) or raise PATCH_QUOTAS (${kind}=${Math.max(most, there) + 1} or more)`,
    { kind, there, most },
  );
}
