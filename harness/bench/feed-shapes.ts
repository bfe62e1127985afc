/**
 * Large feeds for benches, of the shapes that forges and blogs send: the same on every run.
 *
 * @module
 */

export const FEED_SHAPES = ["github", "rss", "atom"] as const;
export type FeedShape = (typeof FEED_SHAPES)[number];

const SENTENCE = "Fixes a crash when the lamp was lit twice, and <code>wick --trim</code> says what it cut. ";

/** A feed of at least so many characters. */
export function largeFeed(shape: FeedShape, characters: number): string {
  const entry = ENTRIES[shape];
  const entries: string[] = [];
  let length = 0;
  for (let i = 0; length < characters; i++) {
    const text = entry(i);
    entries.push(text);
    length += text.length;
  }
  const [head, foot] = FRAMES[shape];
  return `${head}${entries.join("\n")}${foot}`;
}

const FRAMES: Readonly<Record<FeedShape, readonly [string, string]>> = {
  github: [
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en-US"><id>tag:github.com,2008:https://github.com/acme/lantern/releases</id><title>Release notes from lantern</title><updated>2026-10-01T00:00:00Z</updated>',
    "</feed>\n",
  ],
  rss: [
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>lantern</title><link>https://lantern.example.org/</link><description>News of lantern</description>',
    "</channel></rss>\n",
  ],
  atom: [
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:lantern</id><title>Lantern</title><updated>2026-10-01T00:00:00Z</updated>',
    "</feed>\n",
  ],
};

const ENTRIES: Readonly<Record<FeedShape, (i: number) => string>> = {
  github: (i) => `  <entry>
    <id>tag:github.com,2008:Repository/7/v1.${i}.0</id>
    <updated>${date(i)}</updated>
    <link rel="alternate" type="text/html" href="https://github.com/acme/lantern/releases/tag/v1.${i}.0"/>
    <title>Lantern 1.${i} &amp; friends</title>
    <content type="html">${escaped(paragraphs(i, 30))}</content>
    <author><name>keeper</name></author>
    <media:thumbnail height="30" width="30" url="https://avatars.example.org/u/7?s=60&amp;v=4"/>
  </entry>`,
  rss: (i) => `<item>
    <title><![CDATA[Lantern 1.${i} is out]]></title>
    <link>https://lantern.example.org/news/1.${i}</link>
    <guid isPermaLink="false">lantern-${i}</guid>
    <pubDate>${new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toUTCString()}</pubDate>
    <dc:creator>keeper</dc:creator>
    <category>release</category>
    <description>Lantern 1.${i}: lamps, wicks &amp;amp; oil.</description>
    <content:encoded><![CDATA[${paragraphs(i, 25)}]]></content:encoded>
  </item>`,
  // Small entries, many of them: what costs here is elements and not bodies.
  atom: (i) =>
    `<entry><id>urn:lantern:${i}</id><title>1.${i}</title><updated>${date(i)}</updated><link href="https://lantern.example.org/1.${i}"/><summary type="html">${escaped(paragraphs(i, 8))}</summary></entry>`,
};

function date(i: number): string {
  return new Date(Date.UTC(2020, 0, 1) + i * 3_600_000).toISOString();
}

function paragraphs(i: number, sentences: number): string {
  const lines = Array.from({ length: sentences }, (_, n) => `<p>${i}.${n} ${SENTENCE}</p>`);
  return lines.join("\n");
}

function escaped(html: string): string {
  return html.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
