/**
 * Commit objects, read and written byte for byte: messages need not be UTF-8.
 *
 * @module
 */

export interface Commit {
  oid: string;
  tree: string;
  parents: string[];
  /** First paragraph of the message on one line, as `%s` shows it. */
  subject: string;
  message: string;
  author: { name: string; email: string; seconds: number; zone: string };
  committedSeconds: number;
  signed: boolean;
  /** Headers but tree, parent and committer, as they stand in the object, signatures left out. */
  kept: Buffer;
  /** What follows the empty line after the headers. */
  rawMessage: Buffer;
}

/** Headers that are about this very object, or that are written anew. */
const NOT_KEPT = new Set(["tree", "parent", "committer", "gpgsig", "gpgsig-sha256", "mergetag"]);

export function parseCommit(oid: string, content: Buffer): Commit {
  const end = content.indexOf("\n\n");
  const head = end === -1 ? content : content.subarray(0, end);
  const rawMessage = end === -1 ? Buffer.alloc(0) : content.subarray(end + 2);
  const kept: string[] = [];
  const parents: string[] = [];
  let tree = "";
  let author = "";
  let committer = "";
  let encoding = "utf-8";
  let signed = false;
  // A line that starts with a space continues the header before it. latin1 keeps every byte.
  for (const header of head.toString("latin1").split(/\n(?! )/)) {
    const space = header.indexOf(" ");
    const key = header.slice(0, space);
    const value = header.slice(space + 1);
    if (key === "tree") tree = value;
    else if (key === "parent") parents.push(value);
    else if (key === "author") author = value;
    else if (key === "committer") committer = value;
    else if (key === "encoding") encoding = value;
    else if (key.startsWith("gpgsig")) signed = true;
    if (!NOT_KEPT.has(key)) kept.push(header);
  }
  const message = decode(rawMessage, encoding);
  return {
    oid,
    tree,
    parents,
    subject: subjectOf(message),
    message,
    author: parseIdentity(decode(Buffer.from(author, "latin1"), encoding)),
    committedSeconds: parseIdentity(committer).seconds,
    signed,
    kept: Buffer.from(kept.join("\n"), "latin1"),
    rawMessage,
  };
}

/** First paragraph on one line. */
export function subjectOf(message: string): string {
  const paragraph = message.replace(/^\s*\n/, "").split(/\n\s*\n/)[0] ?? "";
  return paragraph.split("\n").join(" ").trim();
}

function parseIdentity(line: string): Commit["author"] {
  const match = /^(.*?)\s*<([^>]*)>\s*(\d*)\s*([+-]\d{4})?/.exec(line);
  return {
    name: match?.[1] ?? line,
    email: match?.[2] ?? "",
    seconds: Number(match?.[3] ?? 0),
    zone: match?.[4] ?? "+0000",
  };
}

function decode(bytes: Buffer, encoding: string): string {
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    // An encoding that nobody knows: shown as well as can be, kept as it is.
    return bytes.toString("utf8");
  }
}

/**
 * The same commit on another parent with another tree: author, author date, message and encoding
 * kept. The committer is given and dated as the author, so that the same inputs make the same oid.
 */
export function rewriteCommit(
  commit: Commit,
  to: { tree: string; parent: string; committer: { name: string; email: string } },
): Buffer {
  const { seconds, zone } = commit.author;
  const kept = commit.kept.toString("latin1").split(/\n(?! )/);
  const [author = "", ...others] = kept;
  const lines = [`tree ${to.tree}`, `parent ${to.parent}`, author];
  const committer = Buffer.from(`committer ${to.committer.name} <${to.committer.email}> ${seconds} ${zone}`, "utf8");
  const after = others.length === 0 ? "" : `\n${others.join("\n")}`;
  return Buffer.concat([
    Buffer.from(`${lines.join("\n")}\n`, "latin1"),
    committer,
    Buffer.from(`${after}\n\n`, "latin1"),
    commit.rawMessage,
  ]);
}

/** The commit object with its signature in the `gpgsig` header, where git looks for it. */
export function withSignature(object: Buffer, signature: string): Buffer {
  const end = object.indexOf("\n\n");
  const header = `\ngpgsig ${signature.trimEnd().split("\n").join("\n ")}`;
  return Buffer.concat([object.subarray(0, end), Buffer.from(header), object.subarray(end)]);
}
