/**
 * What a release changes: the next version, the changelog's section, the package's files. Pure.
 *
 * @module
 */
import { inc, type ReleaseType, valid } from "semver";

export type ReleasePlan = {
  version: string;
  tag: string;
  /** The changelog's section, without its heading. */
  notes: string;
  /** New contents, by path. */
  files: Readonly<Record<string, string>>;
};

export type Sources = Readonly<Record<"package.json" | "package-lock.json" | "CHANGELOG.md", string>>;

export type Planned = { ok: true; plan: ReleasePlan } | { ok: false; code: string; message: string };

const LEVELS: readonly ReleaseType[] = ["patch", "minor", "major"];
const UNRELEASED = "## Unreleased\n";

/**
 * @param wanted `patch`, `minor`, `major`, or a version above the present one
 * @param day as `2026-01-31`
 */
export function planRelease(sources: Sources, wanted: string, day: string): Planned {
  const present = versionIn(sources["package.json"]);
  if (present === undefined) return refuse("no_version", "package.json has no version that SemVer knows");
  const level = LEVELS.find((one) => one === wanted);
  const version = level === undefined ? valid(wanted) : inc(present, level);
  if (version === null) return refuse("usage", `'${wanted}' is neither patch, minor or major nor a version`);
  const changelog = sources["CHANGELOG.md"];
  const [before, rest] = split(changelog, UNRELEASED);
  if (rest === undefined) return refuse("no_section", `CHANGELOG.md has no '${UNRELEASED.trim()}'`);
  const end = /^## /m.exec(rest)?.index ?? rest.length;
  const notes = rest.slice(0, end).trim();
  if (notes === "")
    return refuse("nothing_new", "CHANGELOG.md says nothing under 'Unreleased': there is nothing to release");
  const section = `## ${version} - ${day}\n\n${notes}\n`;
  const after = rest.slice(end);
  return {
    ok: true,
    plan: {
      version,
      tag: `v${version}`,
      notes,
      files: {
        "package.json": withVersion(sources["package.json"], present, version, 1),
        // The lock file names it for itself and for the root package.
        "package-lock.json": withVersion(sources["package-lock.json"], present, version, 2),
        "CHANGELOG.md": `${before}${UNRELEASED}\n${section}${after === "" ? "" : `\n${after}`}`,
      },
    },
  };
}

function versionIn(text: string): string | undefined {
  return valid(/^ {2}"version": "([^"]+)"/m.exec(text)?.[1] ?? "") ?? undefined;
}

/** Only the text of the version changes: what a tool would write anew is no part of a release. */
function withVersion(text: string, from: string, to: string, times: number): string {
  let left = times;
  return text.replaceAll(`"version": "${from}"`, (found) => (left-- > 0 ? `"version": "${to}"` : found));
}

function split(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + at.length)];
}

function refuse(code: string, message: string): Planned {
  return { ok: false, code, message };
}
