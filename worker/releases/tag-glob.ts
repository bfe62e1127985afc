/**
 * Globs over tags, as `git tag --list` reads them: `*` crosses slashes and a leading dot is nothing special.
 * Braces besides, which git has not. Pure.
 *
 * Tags are upstream's words, and whoever writes them may mean harm: a glob that becomes a regular expression
 * takes a power of the tag's length with each `*`. Here the work is at most the one's length times the other's.
 *
 * @module
 */
type Token = "many" | ((char: string) => boolean);

/** Most alternatives that braces may stand for; a glob with more matches nothing. */
const MAX_ALTERNATIVES = 256;

/** Whether the glob matches the whole tag. */
export function matchesGlob(glob: string, tag: string): boolean {
  const chars = Array.from(tag);
  return withoutBraces(glob).some((plain) => matchesTokens(tokens(plain), chars));
}

/** Of several `*` only the last one met needs another try: what was before it could match no better. */
function matchesTokens(glob: readonly Token[], tag: readonly string[]): boolean {
  let [at, char] = [0, 0];
  let star: { at: number; char: number } | undefined;
  while (char < tag.length) {
    const token = glob[at];
    const letter = tag[char];
    if (token === "many") {
      star = { at: ++at, char };
    } else if (token !== undefined && letter !== undefined && token(letter)) {
      at++;
      char++;
    } else if (star !== undefined) {
      star.char++;
      [at, char] = [star.at, star.char];
    } else return false;
  }
  return glob.slice(at).every((token) => token === "many");
}

function tokens(glob: string): Token[] {
  const found: Token[] = [];
  const chars = Array.from(glob);
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    const set = char === "[" ? readSet(chars, at) : undefined;
    if (set !== undefined) {
      found.push(set.token);
      at = set.end;
    } else if (char === "*") {
      if (found.at(-1) !== "many") found.push("many");
    } else if (char === "?") {
      found.push(() => true);
    } else {
      const literal = char === "\\" && at + 1 < chars.length ? (chars[++at] ?? "") : char;
      found.push((letter) => letter === literal);
    }
  }
  return found;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  upper: /[A-Z]/,
  xdigit: /[A-Fa-f0-9]/,
};

/** `[a-z]`, `[!0-9]`, `[[:digit:]]`; undefined where it does not end, and `[` is a letter. */
function readSet(chars: readonly string[], open: number): { token: Token; end: number } | undefined {
  const negated = chars[open + 1] === "!" || chars[open + 1] === "^";
  const first = open + (negated ? 2 : 1);
  const tests: ((char: string) => boolean)[] = [];
  for (let at = first; at < chars.length; at++) {
    const char = chars[at] ?? "";
    if (char === "]" && at > first)
      return { token: (letter) => tests.some((test) => test(letter)) !== negated, end: at };
    const [, name = ""] = /^\[:([a-z]+):\]/.exec(chars.slice(at, at + 12).join("")) ?? [];
    const known = CLASSES[name];
    if (known !== undefined) {
      tests.push((letter) => known.test(letter));
      at += name.length + 3;
      continue;
    }
    const from = char === "\\" ? (chars[++at] ?? "") : char;
    const to = chars[at + 1] === "-" && chars[at + 2] !== "]" ? chars[at + 2] : undefined;
    if (to === undefined) tests.push((letter) => letter === from);
    else {
      tests.push((letter) => letter >= from && letter <= to);
      at += 2;
    }
  }
  return undefined;
}

/** The globs that one with braces stands for. */
function withoutBraces(glob: string): string[] {
  const done: string[] = [];
  // `**/` may be no folder at all.
  const open = [glob.replaceAll(/(?<=^|\/)\*\*\//g, "{,**/}")];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const braces = firstBraces(next);
    if (braces === undefined) done.push(next);
    else for (const part of braces.parts) open.push(`${braces.before}${part}${braces.after}`);
    if (done.length + open.length > MAX_ALTERNATIVES) return [];
  }
  return done;
}

/** The first `{a,b}` or `{1..3}` and what is around it; braces without either are letters. */
function firstBraces(glob: string): { before: string; parts: string[]; after: string } | undefined {
  for (let start = 0; start < glob.length; start++) {
    if (glob[start] === "\\") start++;
    else if (glob[start] === "{") {
      const found = partsOf(glob, start);
      if (found !== undefined)
        return { before: glob.slice(0, start), parts: found.parts, after: glob.slice(found.end + 1) };
    }
  }
  return undefined;
}

function partsOf(glob: string, start: number): { parts: string[]; end: number } | undefined {
  const parts: string[] = [];
  let depth = 0;
  for (let [at, from] = [start, start + 1]; at < glob.length; at++) {
    const char = glob[at];
    if (char === "\\") at++;
    else if (char === "{") depth++;
    else if (char === "," && depth === 1) {
      parts.push(glob.slice(from, at));
      from = at + 1;
    } else if (char === "}" && --depth === 0) {
      const last = glob.slice(from, at);
      const range = parts.length === 0 ? /^([A-Za-z0-9])\.\.([A-Za-z0-9])$/.exec(last) : null;
      if (range !== null) return { parts: [`[${range[1]}-${range[2]}]`], end: at };
      return parts.length === 0 ? undefined : { parts: [...parts, last], end: at };
    }
  }
  return undefined;
}
