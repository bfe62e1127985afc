/**
 * Reads the version out of a tag and puts two of them in order by the rules of their scheme.
 *
 * A kept library per scheme that has a specification (SemVer 2.0.0, PEP 440); calendar and loose
 * versions have none and are read in `loose-version.ts`.
 *
 * @module
 */
import { compare as comparePep440, explain as explainPep440, valid as validPep440 } from "@renovatebot/pep440";
import semver from "semver";
import type { VersionScheme } from "../contract/stack.ts";
import { compareLoose, type LooseVersion, parseLoose } from "./loose-version.ts";

/** Schemes that say how to compare; `auto` picks one of these. */
export type ReadScheme = Exclude<VersionScheme, "auto">;

/** Longer texts are not versions, whatever they look like. */
const MAX_VERSION_LENGTH = 128;

/** Preference of `auto` where a version can be read by more than one scheme. */
const AUTO_ORDER: readonly ReadScheme[] = ["calendar", "semver", "pep440", "loose"];

export type TagParts = { prefix: string; version: string };

export type Version = { scheme: ReadScheme; text: string; prerelease: boolean };

/**
 * Splits `rust-v1.2.3` into `rust-v` and `1.2.3`: at `prefix` where one is given, else before the
 * first digit. Undefined when the tag has no version there.
 */
export function splitTag(tag: string, prefix?: string): TagParts | undefined {
  if (prefix !== undefined) {
    const version = tag.slice(prefix.length);
    return tag.startsWith(prefix) && /^\d/.test(version) ? { prefix, version } : undefined;
  }
  const start = tag.search(/\d/);
  return start < 0 ? undefined : { prefix: tag.slice(0, start), version: tag.slice(start) };
}

/** True when two prefixes name the same release line; a bare `v` is decoration and may come or go. */
export function sameLine(a: string, b: string): boolean {
  return a === b || (/^v?$/i.test(a) && /^v?$/i.test(b));
}

/** Reads a version by a scheme; undefined when it is none of that scheme. */
export function parseVersion(text: string, scheme: VersionScheme): Version | undefined {
  if (text.length > MAX_VERSION_LENGTH) return undefined;
  if (scheme !== "auto") return readAs(text, scheme);
  for (const candidate of AUTO_ORDER) {
    const version = reads(text, candidate) ? readAs(text, candidate) : undefined;
    if (version !== undefined) return version;
  }
  return undefined;
}

/** Order of two versions; undefined when one of them is no version of the scheme. */
export function compareVersions(a: string, b: string, scheme: VersionScheme): -1 | 0 | 1 | undefined {
  if (a.length > MAX_VERSION_LENGTH || b.length > MAX_VERSION_LENGTH) return undefined;
  if (scheme !== "auto") return compareAs(a, b, scheme);
  for (const candidate of AUTO_ORDER) {
    if (reads(a, candidate) && reads(b, candidate)) return compareAs(a, b, candidate);
  }
  return undefined;
}

/** Whether `auto` takes a text for a version of this scheme: stricter than the scheme itself. */
function reads(text: string, scheme: ReadScheme): boolean {
  switch (scheme) {
    case "calendar":
      return /^(?:19[89]|20\d|21\d)\d(?:[._-]\d|(?:0[1-9]|1[0-2])(?:\D|\d\d|$))/.test(text);
    case "semver":
      return semver.parse(text) !== null;
    case "pep440":
      // A lone letter at the end is an alpha to PEP 440 and a patch level to everybody who writes it.
      return !/\d[a-z]$/i.test(text) && validPep440(text) !== null;
    case "loose":
      return parseLoose(text) !== undefined;
  }
}

function readAs(text: string, scheme: ReadScheme): Version | undefined {
  switch (scheme) {
    case "semver": {
      const parsed = semver.parse(text);
      return parsed === null ? undefined : { scheme, text, prerelease: parsed.prerelease.length > 0 };
    }
    case "pep440": {
      const parsed = explainPep440(text);
      return parsed === null ? undefined : { scheme, text, prerelease: parsed.is_prerelease };
    }
    case "calendar":
    case "loose": {
      const parsed = scheme === "calendar" ? parseCalendar(text) : parseLoose(text);
      return parsed === undefined ? undefined : { scheme, text, prerelease: parsed.prerelease };
    }
  }
}

function compareAs(a: string, b: string, scheme: ReadScheme): -1 | 0 | 1 | undefined {
  switch (scheme) {
    case "semver": {
      const [x, y] = [semver.parse(a), semver.parse(b)];
      return x === null || y === null ? undefined : semver.compare(x, y);
    }
    case "pep440": {
      if (validPep440(a) === null || validPep440(b) === null) return undefined;
      const order = comparePep440(a, b);
      return order === 0 ? 0 : order < 0 ? -1 : 1;
    }
    case "calendar":
    case "loose": {
      const [x, y] = scheme === "calendar" ? [parseCalendar(a), parseCalendar(b)] : [parseLoose(a), parseLoose(b)];
      return x === undefined || y === undefined ? undefined : compareLoose(x, y);
    }
  }
}

/** A version that starts with a year, written in two or four digits or run together (`20240115`). */
function parseCalendar(text: string): LooseVersion | undefined {
  const parsed = parseLoose(text);
  const first = parsed?.release[0];
  if (parsed === undefined || first === undefined) return undefined;
  const together = /^(\d{4})(\d\d)(\d\d)?(\d*)$/.exec(first);
  if (together !== null) {
    const expanded = together.slice(1).filter((part) => part !== undefined && part !== "");
    return { ...parsed, release: [...expanded, ...parsed.release.slice(1)] };
  }
  return /^(?:\d\d|(?:19|20|21)\d\d)$/.test(first) ? parsed : undefined;
}
