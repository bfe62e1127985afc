/**
 * The few questions that formats ask of an XML document. Entities are decoded here, when a field is
 * read, and so exactly once.
 *
 * @module
 */
import { decodeHTMLStrict } from "entities";
import { MAX_FIELD } from "./raw-entry.ts";
import type { XmlElement } from "./xml-tree.ts";

/** All children of a name, in order. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element === undefined ? [] : element.children.filter((one) => one.name === name);
}

/** The first child of a name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

/** An attribute, decoded. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  const value = element?.attributes.get(name);
  return value === undefined ? undefined : field(value);
}

/** Text of the first child of one of these names that has any, decoded and cleaned. */
export function textOf(parent: XmlElement | undefined, ...names: string[]): string | undefined {
  for (const name of names) {
    for (const element of children(parent, name)) {
      const text = field(rawText(element));
      if (text !== undefined) return text;
    }
  }
  return undefined;
}

/** A title: where it says that it is HTML, what a reader would see of it (RFC 4287 section 3.1.1). */
export function titleOf(parent: XmlElement | undefined): string | undefined {
  const element = child(parent, "title");
  const title = textOf(parent, "title");
  if (element === undefined || title === undefined) return undefined;
  const escaped = attribute(element, "type") === "html" || attribute(element, "mode") === "escaped";
  return escaped ? field(title.replace(/<[^<>]*>/g, "")) : title;
}

/** Text of an element and everything in it, undecoded. */
export function rawText(element: XmlElement): string {
  return element.children.length === 0 ? element.text : [element.text, ...element.children.map(rawText)].join(" ");
}

/** Decodes entities once, drops control characters, folds white space; undefined when nothing is left. */
export function field(text: string): string | undefined {
  // Cut before decoding too: no entity is longer than what it stands for by more than this.
  const decoded = decodeHTMLStrict(text.slice(0, MAX_FIELD * 8));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed here
  const clean = decoded.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
  return clean === "" ? undefined : clean.slice(0, MAX_FIELD).toWellFormed();
}
