/**
 * Whether a version is affected by an advisory, and which release has the fix. Pure.
 *
 * @module
 */
import type { Advisory, AffectedPackage, VersionRange } from "../contract/advisory.ts";
import type { ReleasePolicy, VersionScheme } from "../contract/stack.ts";
import { compareTags, decideRelease } from "./release-policy.ts";
import { compareVersions, splitTag } from "./version.ts";

/** `unknown`: the advisory says nothing that the version could be compared with. */
export type Affected = "yes" | "no" | "unknown";

export function isAffected(advisory: Advisory, tag: string, policy: ReleasePolicy): Affected {
  const version = splitTag(tag, policy.prefix)?.version;
  if (version === undefined || advisory.affected.length === 0) return "unknown";
  const each = advisory.affected.map((one) => byPackage(one, version, policy.scheme));
  return each.find((one) => one === "yes") ?? each.find((one) => one === "unknown") ?? "no";
}

function byPackage({ ranges, versions }: AffectedPackage, version: string, scheme: VersionScheme): Affected {
  if (versions.some((one) => one === version || compareVersions(one, version, scheme) === 0)) return "yes";
  const each = ranges.map((range) => byRange(range, version, scheme));
  if (each.includes("yes")) return "yes";
  if (each.includes("unknown")) return "unknown";
  return ranges.length + versions.length === 0 ? "unknown" : "no";
}

function byRange({ introduced, fixed, lastAffected }: VersionRange, version: string, scheme: VersionScheme): Affected {
  const to = (other: string) => compareVersions(version, other, scheme);
  const after = introduced === undefined ? 1 : to(introduced);
  const beforeFix = fixed === undefined ? -1 : to(fixed);
  const beforeEnd = lastAffected === undefined ? -1 : to(lastAffected);
  if (after === -1 || beforeFix === 0 || beforeFix === 1 || beforeEnd === 1) return "no";
  return after === undefined || beforeFix === undefined || beforeEnd === undefined ? "unknown" : "yes";
}

/**
 * The newest release that the policy lets through, is certainly not affected, and is no step back from
 * where the stack stands; undefined when no known one is.
 */
export function fixingRelease(
  advisory: Advisory,
  tags: readonly string[],
  policy: ReleasePolicy,
  standing: string | undefined,
): string | undefined {
  return tags
    .filter((tag) => decideRelease(policy, tag).pass && isAffected(advisory, tag, policy) === "no")
    .filter((tag) => standing === undefined || compareTags(policy, tag, standing) === 1)
    .reduce<string | undefined>(
      (best, tag) => (best === undefined || compareTags(policy, tag, best) === 1 ? tag : best),
      undefined,
    );
}
