/**
 * Advisories as OSV (https://ossf.github.io/osv-schema/) and GitHub (repository and global security
 * advisories of its REST API) write them.
 *
 * @module
 */
import { z } from "zod";
import { type Advisory, Advisory as AdvisorySchema, Severity, type VersionRange } from "../contract/advisory.ts";
import type { FeedFormat } from "../contract/preview.ts";
import type { RawEntry } from "../providers/raw-entry.ts";
import { shortDigest } from "./digest.ts";
import { readFeedDate } from "./feed-date.ts";
import type { ParsedFeed } from "./parsed-feed.ts";

/** What is kept of lists that others may make as long as they like. */
const LIMITS = { aliases: 50, affected: 50, ranges: 200, versions: 3000, text: 300 };

const word = z
  .string()
  .transform((s) => s.replaceAll(/\s+/g, " ").trim().slice(0, LIMITS.text).toWellFormed())
  .optional()
  .catch(undefined);
const some = <T extends z.ZodType>(item: T) => z.array(item).optional().catch(undefined);

const OsvEvent = z.object({ introduced: word, fixed: word, last_affected: word });
const OsvRecord = z.object({
  id: z.string().min(1).max(LIMITS.text),
  modified: z.string(),
  published: word,
  withdrawn: word,
  aliases: some(z.string()),
  summary: word,
  details: word,
  affected: some(
    z.object({
      package: z.object({ ecosystem: word, name: word }).optional().catch(undefined),
      ranges: some(z.object({ type: word, events: z.array(OsvEvent) })),
      versions: some(z.string()),
    }),
  ),
  references: some(z.object({ type: word, url: word })),
  database_specific: z.object({ severity: word }).optional().catch(undefined),
});

const GithubPackage = z.object({ ecosystem: word, name: word }).nullish().catch(undefined);
const GithubRecord = z.object({
  ghsa_id: z.string().min(1).max(LIMITS.text),
  cve_id: word,
  html_url: word,
  summary: word,
  description: word,
  severity: word,
  published_at: word,
  updated_at: word,
  withdrawn_at: word,
  vulnerabilities: some(
    z.object({
      package: GithubPackage,
      vulnerable_version_range: word,
      patched_versions: word,
      first_patched_version: z
        .union([z.string(), z.object({ identifier: z.string() })])
        .nullish()
        .catch(undefined),
    }),
  ),
});

/** Reads a list of advisories, or one; undefined when the document is none. */
export function readAdvisories(value: unknown): ParsedFeed | undefined {
  const vulns = z.object({ vulns: z.array(z.unknown()) }).safeParse(value);
  const list = vulns.success ? vulns.data.vulns : Array.isArray(value) ? (value as unknown[]) : [value];
  if (!vulns.success && list.length === 0) return feed("github-advisories", [], []);
  // What the first that can be read is, all are: a list is of one kind.
  const format = list.some((item) => GithubRecord.safeParse(item).success)
    ? "github-advisories"
    : vulns.success || list.some((item) => OsvRecord.safeParse(item).success)
      ? "osv"
      : undefined;
  if (format === undefined) return undefined;
  const entries: { name: string; entry: RawEntry }[] = [];
  const warnings: string[] = [];
  for (const [i, item] of list.entries()) {
    const read = format === "osv" ? fromOsv(item) : fromGithub(item);
    if (typeof read === "string") warnings.push(`entry ${i + 1} could not be read: ${read}`);
    else entries.push({ name: z.looseObject({ id: z.string().catch("") }).parse(item).id, entry: read });
  }
  // OSV has one advisory under several names, in any order: always the same one of them must count.
  const first = ({ name, entry: { id } }: (typeof entries)[number]) => (name === id ? 0 : 1);
  const sorted =
    format === "osv" ? entries.toSorted((a, b) => first(a) - first(b) || (a.name < b.name ? -1 : 1)) : entries;
  return feed(
    format,
    sorted.map((one) => one.entry),
    warnings,
  );
}

function feed(format: FeedFormat, entries: RawEntry[], warnings: string[]): ParsedFeed {
  return { format, title: "security advisories", entries, warnings };
}

function fromOsv(item: unknown): RawEntry | string {
  const parsed = OsvRecord.safeParse(item);
  if (!parsed.success) return parsed.error.issues[0]?.message ?? "unknown shape";
  const { id, aliases = [], affected = [], references = [], ...record } = parsed.data;
  return entry([id, ...aliases], record.database_specific?.severity, record.withdrawn, {
    affected: affected.map(({ package: of, ranges = [], versions = [] }) => ({
      ...present("ecosystem", of?.ecosystem),
      ...present("name", of?.name),
      // Commits are no versions: what a range of them means only the repository could tell.
      ranges: ranges.filter(({ type }) => type !== "GIT").flatMap(({ events }) => rangesOf(events)),
      versions: versions.slice(0, LIMITS.versions).filter((one) => one !== "" && one.length <= LIMITS.text),
    })),
    title: record.summary ?? record.details,
    body: record.details,
    link: references.find(({ type }) => type === "ADVISORY")?.url ?? references[0]?.url,
    published: record.published,
    updated: record.modified,
  });
}

/** Events in their order: an introduction opens a range, a fix or a last one closes it. */
function rangesOf(events: readonly z.infer<typeof OsvEvent>[]): VersionRange[] {
  const ranges: VersionRange[] = [];
  let open: VersionRange | undefined;
  for (const { introduced, fixed, last_affected: lastAffected } of events) {
    if (introduced !== undefined) {
      if (open !== undefined) ranges.push(open);
      open = introduced === "0" ? {} : { introduced };
    } else if (fixed !== undefined || lastAffected !== undefined) {
      ranges.push({ ...open, ...present("fixed", fixed), ...present("lastAffected", lastAffected) });
      open = undefined;
    }
  }
  return open === undefined ? ranges : [...ranges, open];
}

function fromGithub(item: unknown): RawEntry | string {
  const parsed = GithubRecord.safeParse(item);
  if (!parsed.success) return parsed.error.issues[0]?.message ?? "unknown shape";
  const { ghsa_id: id, cve_id: cve, vulnerabilities = [], ...record } = parsed.data;
  return entry([id, ...(cve === undefined ? [] : [cve])], record.severity, record.withdrawn_at, {
    affected: vulnerabilities.map(({ package: of, vulnerable_version_range: range, ...one }) => {
      const first = one.first_patched_version;
      const patched = (typeof first === "string" ? first : first?.identifier) ?? one.patched_versions;
      return {
        ...present("ecosystem", of?.ecosystem),
        ...present("name", of?.name),
        ...readRange(range, patched),
      };
    }),
    title: record.summary,
    body: record.description,
    link: record.html_url,
    published: record.published_at,
    updated: record.updated_at,
  });
}

/** `>= 1.0, < 1.2.3`, several of them with `||`. */
function readRange(
  text: string | undefined,
  patched: string | undefined,
): { ranges: VersionRange[]; versions: string[] } {
  const ranges: VersionRange[] = [];
  const versions: string[] = [];
  for (const part of (text ?? "").split("||")) {
    const range: VersionRange = {};
    const exact: string[] = [];
    for (const [, operator, version = ""] of part.matchAll(/(>=|<=|>|<|=)\s*v?([^\s,<>=|]+)/g)) {
      if (operator === "=") exact.push(version);
      else if (operator === "<") range.fixed = version;
      else if (operator === "<=") range.lastAffected = version;
      else if (!/^0(?:\.0)*$/.test(version)) range.introduced = version;
    }
    if (exact.length > 0) versions.push(...exact);
    else if (/[<>]/.test(part)) ranges.push(range);
  }
  const fix = /^v?(\d\S*)$/.exec(patched ?? "")?.[1];
  const [only] = ranges;
  // One range and one fix belong together; an open end would call the fix itself affected.
  if (fix !== undefined && ranges.length === 1 && only !== undefined && only.fixed === undefined) only.fixed = fix;
  return { ranges: ranges.slice(0, LIMITS.ranges), versions: versions.slice(0, LIMITS.versions) };
}

type Facts = {
  affected: Advisory["affected"];
  title: string | undefined;
  body: string | undefined;
  link: string | undefined;
  published: string | undefined;
  updated: string | undefined;
};

function entry(
  names: readonly string[],
  severity: string | undefined,
  withdrawn: string | undefined,
  facts: Facts,
): RawEntry {
  const known = names.map((name) => name.trim()).filter((name) => name !== "" && name.length <= LIMITS.text);
  const id =
    known.find((name) => name.startsWith("GHSA-")) ?? known.find((name) => name.startsWith("CVE-")) ?? known[0] ?? "";
  const level = severity?.toLowerCase() === "medium" ? "moderate" : severity?.toLowerCase();
  const withdrawnAt = withdrawn === undefined ? undefined : readFeedDate(withdrawn);
  const affected = facts.affected
    .slice(0, LIMITS.affected)
    .map((one) => ({ ...one, ranges: one.ranges.slice(0, LIMITS.ranges) }));
  return {
    id,
    link: facts.link,
    title: facts.title,
    publishedAt: facts.published === undefined ? undefined : readFeedDate(facts.published),
    updatedAt: facts.updated === undefined ? undefined : readFeedDate(facts.updated),
    bodyDigest: facts.body === undefined ? undefined : shortDigest(facts.body),
    advisory: AdvisorySchema.parse({
      id,
      aliases: [...new Set(known)].filter((name) => name !== id).slice(0, LIMITS.aliases),
      ...present("severity", Severity.safeParse(level).data),
      ...present("withdrawnAt", withdrawnAt),
      affected,
      key: `${id}@${shortDigest(versionFacts(affected))}${withdrawnAt === undefined ? "" : "-withdrawn"}`,
    }),
  };
}

/** Where affected versions begin and end, in one order, so that two publishers of the same facts agree. */
function versionFacts(affected: Advisory["affected"]): string {
  const ends = affected.flatMap(({ ranges, versions }) =>
    ranges.length === 0
      ? versions
      : ranges.map((r) => `${r.introduced ?? ""}<${r.fixed ?? ""}<=${r.lastAffected ?? ""}`),
  );
  return [...new Set(ends)].toSorted().join(" ");
}

function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
