/**
 * Which upstream releases a stack follows, and how two of them stand to each other. Pure.
 *
 * @module
 */
import type { ReleasePolicy } from "../contract/stack.ts";
import { matchesGlob } from "./tag-glob.ts";
import { compareVersions, parseVersion, sameLine, splitTag } from "./version.ts";

export type ReleaseDecisionCode = "passed" | "excluded" | "not_included" | "other_prefix" | "no_version" | "prerelease";

export type ReleaseDecision = { pass: boolean; code: ReleaseDecisionCode; message: string };

/**
 * Whether a stack's policy lets a tag through, and why.
 *
 * @param prerelease what upstream itself says; absent, the version's own suffix decides and the
 * message says that it did.
 */
export function decideRelease(policy: ReleasePolicy, tag: string, prerelease?: boolean): ReleaseDecision {
  const excluded = policy.exclude.find((glob) => matchesGlob(glob, tag));
  if (excluded !== undefined) return refuse("excluded", `'${tag}' matches the exclude pattern '${excluded}'`);
  if (policy.include.length > 0 && !policy.include.some((glob) => matchesGlob(glob, tag)))
    return refuse("not_included", `'${tag}' matches none of the include patterns ${quoted(policy.include)}`);
  if (policy.prefix !== undefined && !tag.startsWith(policy.prefix))
    return refuse("other_prefix", `'${tag}' does not start with '${policy.prefix}'`);
  const parts = splitTag(tag, policy.prefix);
  const version = parts === undefined ? undefined : parseVersion(parts.version, policy.scheme);
  if (version === undefined) return refuse("no_version", `'${tag}' holds no ${schemeName(policy)} version`);
  if (!policy.prereleases && (prerelease ?? version.prerelease))
    return refuse(
      "prerelease",
      prerelease === undefined
        ? `'${tag}' looks like a prerelease by its version (${version.scheme}), and prereleases are off`
        : `'${tag}' is marked as a prerelease upstream, and prereleases are off`,
    );
  return { pass: true, code: "passed", message: `'${tag}' is ${version.text} (${version.scheme})` };
}

/**
 * Order of two tags by the policy: -1 when `a` is the older. Undefined when they are not of one
 * release line, or one of them holds no version.
 */
export function compareTags(policy: ReleasePolicy, a: string, b: string): -1 | 0 | 1 | undefined {
  const x = splitTag(a, policy.prefix);
  const y = splitTag(b, policy.prefix);
  if (x === undefined || y === undefined || !sameLine(x.prefix, y.prefix)) return undefined;
  return compareVersions(x.version, y.version, policy.scheme);
}

function refuse(code: ReleaseDecisionCode, message: string): ReleaseDecision {
  return { pass: false, code, message };
}

function quoted(globs: readonly string[]): string {
  return globs.map((glob) => `'${glob}'`).join(", ");
}

function schemeName(policy: ReleasePolicy): string {
  return policy.scheme === "auto" ? "readable" : policy.scheme;
}
