/**
 * Namespaces: a feed may write `title`, `atom:title` or `a:title` for one and the same element.
 *
 * Declarations are read from the root element, where every feed in the wild has them.
 *
 * @module
 */

/** What a namespace is called in the rewritten document; the vocabularies of feeds have no prefix. */
const KNOWN: Readonly<Record<string, string>> = {
  "http://www.w3.org/2005/atom": "",
  "http://purl.org/atom/ns#": "",
  "http://purl.org/rss/1.0/": "",
  "http://my.netscape.com/rdf/simple/0.9/": "",
  "http://channel.netscape.com/rdf/simple/0.9/": "",
  "http://backend.userland.com/rss2": "",
  "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
  "http://purl.org/dc/elements/1.1/": "dc:",
  "http://purl.org/dc/elements/1.0/": "dc:",
  "http://purl.org/dc/terms/": "dcterms:",
  "http://purl.org/rss/1.0/modules/content/": "content:",
};

/** Element names that would reach into the objects which the parser builds. */
const RESERVED: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), "prototype"]);

export function isFeedNamespace(uri: string | undefined): boolean {
  return uri !== undefined && KNOWN[uri.toLowerCase()] === "";
}

export function localName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

/** Maps names as written to canonical ones, by the declarations on the root element. */
export function canonicalNames(rootAttributes: ReadonlyMap<string, string>): (name: string) => string {
  const prefixes = new Map<string, string>();
  for (const [name, uri] of rootAttributes) {
    if (name === "xmlns") prefixes.set("", KNOWN[uri.toLowerCase()] ?? "");
    else if (name.startsWith("xmlns:")) {
      const prefix = name.slice("xmlns:".length);
      prefixes.set(prefix, KNOWN[uri.toLowerCase()] ?? `x-${prefix}:`);
    }
  }
  return (name) => {
    const colon = name.indexOf(":");
    const prefix = colon < 0 ? "" : name.slice(0, colon);
    const local = name.slice(colon + 1);
    // An undeclared prefix is kept as it is: feeds that forget the declaration mean the usual one.
    const canonical = `${prefixes.get(prefix) ?? (colon < 0 ? "" : `${prefix}:`)}${local}`;
    return RESERVED.has(canonical) ? `x-other:${canonical}` : canonical;
  };
}
