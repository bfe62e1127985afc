/**
 * Random histories of an upstream and a fork, as one stream for `git fast-import`: a thousand
 * histories cost one process.
 *
 * @module
 */

type Files = Map<string, { mode: string; content: string }>;

/** One change; answers false when it does not apply to these files. */
type Change = { subject: string; apply: (files: Files) => boolean; undo?: (files: Files) => boolean };

export interface RandomHistory {
  seed: number;
  fork: string;
  upstream: string;
  /** What was done, for a failing test's message. */
  told: string[];
  hasMerge: boolean;
  /** Commits of the fork's first-parent line. */
  patches: number;
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/** Histories for `count` seeds from `first`, and the stream that makes them. */
export function randomHistories(first: number, count: number): { histories: RandomHistory[]; stream: string } {
  const stream = new ImportStream();
  const histories: RandomHistory[] = [];
  for (let seed = first; seed < first + count; seed += 1) histories.push(randomHistory(seed, stream));
  return { histories, stream: stream.text() };
}

function randomHistory(seed: number, stream: ImportStream): RandomHistory {
  const random = randomNumbers(seed);
  const fork = `refs/heads/fork-${seed}`;
  const upstream = `refs/heads/upstream-${seed}`;
  const told: string[] = [];
  const base = firstFiles(random);
  const root = stream.commit(upstream, `base ${seed}`, base);

  const theirs = copy(base);
  const ours = copy(base);
  const done: Change[] = [];
  let mark = root;
  let hasMerge = false;
  let onLine = 0;
  const patches = 1 + random(6);
  for (let i = 0; i < patches; i += 1) {
    if (random(12) === 0) {
      // A side branch on a file of its own, merged without changes of its own.
      const side = copy(ours);
      side.set(`side-${i}`, { mode: "100644", content: `${random(1000)}\n` });
      const tip = stream.commit(fork, `side ${i}`, side, [mark]);
      const change = randomChange(random, `fork ${i}`, ours);
      mark = stream.commit(fork, change.subject, ours, [mark]);
      for (const [path, file] of side) if (path === `side-${i}`) ours.set(path, file);
      mark = stream.commit(fork, `merge side ${i}`, ours, [mark, tip]);
      hasMerge = true;
      onLine += 2;
      told.push(`fork: ${change.subject}, merge of side ${i}`);
      continue;
    }
    const change = randomChange(random, `fork ${i}`, ours);
    done.push(change);
    told.push(`fork: ${change.subject}`);
    mark = stream.commit(fork, change.subject, ours, [mark]);
    onLine += 1;
  }

  let upstreamMark = root;
  const undoable: Change[] = [];
  const moves = 1 + random(8);
  for (let i = 0; i < moves; i += 1) {
    let change: Change | undefined;
    const dice = random(10);
    if (dice < 3) change = tryOn(theirs, done[random(done.length)], `upstream ${i}: takes`);
    else if (dice === 3) change = undo(theirs, undoable[random(undoable.length)], `upstream ${i}: reverts`);
    change ??= randomChange(random, `upstream ${i}`, theirs);
    if (change.undo !== undefined) undoable.push(change);
    told.push(change.subject);
    upstreamMark = stream.commit(upstream, change.subject, theirs, [upstreamMark]);
  }
  return { seed, fork, upstream, told, hasMerge, patches: onLine };
}

function tryOn(files: Files, change: Change | undefined, verb: string): Change | undefined {
  return change?.apply(files) === true ? { ...change, subject: `${verb} "${change.subject}"` } : undefined;
}

function undo(files: Files, change: Change | undefined, verb: string): Change | undefined {
  if (change?.undo?.(files) !== true) return undefined;
  return { subject: `${verb} "${change.subject}"`, apply: change.undo, undo: change.apply };
}

function firstFiles(random: (below: number) => number): Files {
  const files: Files = new Map();
  for (let i = 0; i < 4 + random(5); i += 1) {
    const lines = Array.from({ length: 6 + random(20) }, (_, n) => `file ${i} line ${n} ${random(3)}`);
    files.set(`${["", "src/", "src/deep/", "docs/"][random(4)]}f${i}`, {
      mode: "100644",
      content: `${lines.join("\n")}\n`,
    });
  }
  files.set("binary", { mode: "100644", content: `\0\x01${random(1000)}\0` });
  return files;
}

function randomChange(random: (below: number) => number, label: string, files: Files): Change {
  for (;;) {
    const change = proposeChange(random, label, files);
    if (change?.apply(files) === true) return change;
  }
}

function proposeChange(random: (below: number) => number, label: string, files: Files): Change | undefined {
  const paths = [...files.keys()].sort();
  const path = paths[random(paths.length)] ?? "";
  const lines = (files.get(path)?.content ?? "").split("\n");
  const at = random(Math.max(1, lines.length - 1));
  const line = lines[at] ?? "";
  const dice = random(20);
  if (path === "binary" && dice < 15)
    return replace(`${label}: binary`, path, files.get(path)?.content ?? "", `\0\x02${random(1000)}\0`);
  if (path === "binary") return undefined;
  if (dice < 10) return replace(`${label}: edit ${path}:${at}`, path, `${line}\n`, `${line} by ${label}\n`);
  if (dice < 12)
    return replace(`${label}: insert ${path}:${at}`, path, `${line}\n`, `${line}\n${label} new ${random(99)}\n`);
  if (dice < 13) return replace(`${label}: cut ${path}:${at}`, path, `${line}\n`, "");
  if (dice < 15) return rename(`${label}: move ${path}`, path, `${["moved/", "src/", ""][random(3)]}m${random(30)}`);
  if (dice === 15) return folderMove(`${label}: move src`, `lib${random(3)}/`);
  if (dice === 16 && files.size > 3) return removal(`${label}: remove ${path}`, path);
  if (dice === 17)
    return {
      subject: `${label}: mode ${path}`,
      apply: (on) => {
        const file = on.get(path);
        if (file === undefined) return false;
        on.set(path, { ...file, mode: file.mode === "100644" ? "100755" : "100644" });
        return true;
      },
    };
  const name = `${["", "src/", "new/"][random(3)]}n${random(20)}`;
  const content = `${Array.from({ length: 1 + random(6) }, (_, n) => `${name} ${n} ${random(5)}`).join("\n")}\n`;
  return {
    subject: `${label}: add ${name}`,
    apply: (on) => {
      if (taken(on, name)) return false;
      on.set(name, { mode: "100644", content });
      return true;
    },
    undo: (on) => on.delete(name),
  };
}

function replace(subject: string, path: string, from: string, to: string): Change {
  const put = (files: Files, before: string, after: string) => {
    const file = files.get(path);
    if (file === undefined || before === after || before === "" || !file.content.includes(before)) return false;
    files.set(path, { ...file, content: file.content.replace(before, () => after) });
    return true;
  };
  return { subject, apply: (on) => put(on, from, to), undo: (on) => put(on, to, from) };
}

function rename(subject: string, from: string, to: string): Change {
  const move = (files: Files, a: string, b: string) => {
    const file = files.get(a);
    if (file === undefined || taken(files, b)) return false;
    files.delete(a);
    files.set(b, file);
    return true;
  };
  return { subject, apply: (on) => move(on, from, to), undo: (on) => move(on, to, from) };
}

function folderMove(subject: string, to: string): Change {
  return {
    subject,
    apply: (files) => {
      const inside = [...files].filter(([path]) => path.startsWith("src/"));
      if (inside.length === 0 || [...files.keys()].some((path) => path.startsWith(to))) return false;
      for (const [path, file] of inside) {
        files.delete(path);
        files.set(to + path.slice(4), file);
      }
      return true;
    },
  };
}

function removal(subject: string, path: string): Change {
  return { subject, apply: (files) => files.delete(path) };
}

/** A path that is a file, a folder of one, or in a file's way. */
function taken(files: Files, name: string): boolean {
  return [...files.keys()].some((p) => p === name || p.startsWith(`${name}/`) || name.startsWith(`${p}/`));
}

function copy(files: Files): Files {
  return new Map(files);
}

class ImportStream {
  readonly #parts: string[] = [];
  #mark = 0;

  /** One commit with all its files; answers its mark. */
  commit(ref: string, message: string, files: Files, parents: readonly number[] = []): number {
    this.#mark += 1;
    const seconds = 1_700_000_000 + this.#mark * 60;
    const lines = [`commit ${ref}`, `mark :${this.#mark}`];
    lines.push(`author Ada <ada@example.org> ${seconds} +0000`, `committer Bob <bob@example.org> ${seconds} +0000`);
    lines.push(`data ${Buffer.byteLength(message)}`, message);
    parents.forEach((parent, index) => void lines.push(`${index === 0 ? "from" : "merge"} :${parent}`));
    lines.push("deleteall");
    for (const [path, { mode, content }] of files)
      lines.push(`M ${mode} inline ${path}`, `data ${Buffer.byteLength(content)}`, content);
    this.#parts.push(`${lines.join("\n")}\n`);
    return this.#mark;
  }

  text(): string {
    return `${this.#parts.join("\n")}\ndone\n`;
  }
}
