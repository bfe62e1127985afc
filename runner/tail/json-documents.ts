/**
 * Cuts a stream of text into the JSON objects in it. wrangler prints one over many lines, workerd one on
 * a line among lines that are no JSON at all; both are read here.
 *
 * @module
 */

/** Longest object that is waited for, characters: what is longer is no log line of ours. */
const MAX_LENGTH = 1024 * 1024;

/** The start of a line up to an object's brace. `wrangler dev` puts a word and colours before a warning or an error. */
const OPENED = /^(?:[ \t]*\{|[^\n{]*(?:WARNING|ERROR)[^\n{]*\{(?="))/m;

export class JsonDocuments {
  private pending = "";

  /** The objects that end in this piece of text; what is no object is left out. */
  read(text: string): unknown[] {
    this.pending += text;
    const found: unknown[] = [];
    for (;;) {
      const opened = OPENED.exec(this.pending);
      if (opened === null) {
        // An object begins where a line does: of the rest only its last line may become one.
        this.pending = this.pending.slice(this.pending.lastIndexOf("\n") + 1).slice(-MAX_LENGTH);
        return found;
      }
      const start = opened.index + opened[0].length - 1;
      const end = endOfObject(this.pending, start);
      if (end === undefined) {
        this.pending = this.pending.slice(start);
        if (this.pending.length > MAX_LENGTH) this.pending = this.pending.slice(nextLine(this.pending));
        return found;
      }
      const parsed = parse(this.pending.slice(start, end));
      if (parsed !== undefined) found.push(parsed);
      // Something in braces that is no JSON: go on behind its first line.
      this.pending = this.pending.slice(parsed === undefined ? start + nextLine(this.pending.slice(start)) : end);
    }
  }
}

function nextLine(text: string): number {
  const at = text.indexOf("\n");
  return at < 0 ? text.length : at + 1;
}

function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{") depth++;
    else if (c === "}" && --depth === 0) return i + 1;
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
