/**
 * `releases.atom` in the shape that GitHub gives it, made from a repository's tags.
 *
 * Annotated tags are shown as releases (title and notes from the tag's message), lightweight ones as
 * the bare tags that GitHub mixes in among them.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";

/** GitHub's page: the newest ten. */
const WINDOW = 10;

export type Release = {
  tag: string;
  title: string;
  /** Plain text; undefined for a tag that nobody made a release of. */
  notes: string | undefined;
  author: string;
  /** ISO 8601 UTC, whole seconds. */
  updated: string;
};

export type FeedPlace = {
  /** `http://127.0.0.1:1234` */
  origin: string;
  /** `owner/name` */
  repository: string;
};

const execute = promisify(execFile);

/** The repository's newest tags, newest first. */
export async function readReleases(gitDir: string): Promise<Release[]> {
  const fields = [
    "%(refname:strip=2)",
    "%(objecttype)",
    "%(creatordate:iso-strict)",
    "%(taggername)",
    "%(authorname)",
    "%(contents:subject)",
    "%(contents:body)",
  ];
  const { stdout } = await execute(
    "git",
    [
      `--git-dir=${gitDir}`,
      "for-each-ref",
      // The last key given is the first one sorted by; the names break ties between tags of one second.
      "--sort=-version:refname",
      "--sort=-creatordate",
      `--count=${WINDOW}`,
      `--format=${fields.join("%1f")}%1e`,
      "refs/tags",
    ],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  return stdout
    .split("\x1e")
    .map((record) => record.replace(/^\n/, ""))
    .filter((record) => record !== "")
    .map((record) => {
      const [tag = "", type, date = "", tagger = "", author = "", subject = "", body = ""] = record.split("\x1f");
      const annotated = type === "tag";
      return {
        tag,
        title: annotated ? subject : tag,
        notes: annotated ? body.trim() : undefined,
        author: annotated ? tagger : author,
        updated: new Date(date).toISOString().replace(".000Z", "Z"),
      };
    });
}

/** The feed's text. */
export function renderReleases(place: FeedPlace, releases: readonly Release[]): string {
  const web = `${place.origin}/${place.repository}`;
  const name = place.repository.slice(place.repository.indexOf("/") + 1);
  const number = repositoryNumber(place.repository);
  const entries = releases.map((release) => {
    const owner = place.repository.slice(0, place.repository.indexOf("/"));
    return `  <entry>
    <id>tag:github.com,2008:Repository/${number}/${escapeXml(release.tag)}</id>
    <updated>${release.updated}</updated>
    <link rel="alternate" type="text/html" href="${escapeXml(`${web}/releases/tag/${encodeURIComponent(release.tag)}`)}"/>
    <title>${escapeXml(release.title)}</title>
    ${content(release.notes)}
    <author>
      <name>${escapeXml(release.author)}</name>
    </author>
    <media:thumbnail height="30" width="30" url="${escapeXml(`${place.origin}/avatars/${encodeURIComponent(owner)}?s=60&v=4`)}"/>
  </entry>
`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en-US">
  <id>tag:github.com,2008:${escapeXml(`${web}/releases`)}</id>
  <link type="text/html" rel="alternate" href="${escapeXml(`${web}/releases`)}"/>
  <link type="application/atom+xml" rel="self" href="${escapeXml(`${web}/releases.atom`)}"/>
  <title>${escapeXml(`Release notes from ${name}`)}</title>
  <updated>${releases[0]?.updated ?? "1970-01-01T00:00:00Z"}</updated>
${entries.join("")}</feed>
`;
}

/** A validator for the text, weak as GitHub's is. */
export function entityTag(text: string): string {
  return `W/"${createHash("sha256").update(text).digest("hex").slice(0, 32)}"`;
}

/** Notes are HTML inside XML: escaped once for each. */
function content(notes: string | undefined): string {
  if (notes === undefined) return "<content>No content.</content>";
  const html = notes
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph !== "")
    .map((paragraph) => `<p>${escapeXml(paragraph)}</p>`)
    .join("\n");
  return `<content type="html">${escapeXml(html)}</content>`;
}

function escapeXml(text: string): string {
  return (
    text
      // XML 1.0 has no way to write these, not even escaped (https://www.w3.org/TR/xml/#charsets).
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is dropped here
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
  );
}

/** GitHub numbers repositories; ours follows from the name, so that every run gives the same feed. */
function repositoryNumber(repository: string): number {
  return createHash("sha256").update(repository).digest().readUInt32BE(0);
}
