/**
 * `.gitattributes` for merges without a checkout: git reads them from a work tree, so the merges run
 * in a work tree that holds these files and nothing else.
 *
 * What attributes can name by themselves is inert here: drivers and filters are commands in the
 * configuration, and the quarantine has none. The built-in `merge=union`, `binary`, `text` and
 * `eol` do what they do in a rebase.
 *
 * @module
 */
import type { ObjectReader } from "./object-reader.ts";

const NAME = ".gitattributes";

/** Contents by path. */
export type AttributeFiles = ReadonlyMap<string, Buffer>;

/** The attribute files of `tree` that can apply to `paths`. */
export async function attributesOf(
  reader: ObjectReader,
  tree: string,
  paths: Iterable<string>,
): Promise<AttributeFiles> {
  const folders = new Set<string>([""]);
  for (const path of paths) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) folders.add(parts.slice(0, depth).join("/"));
  }
  const names = [...folders].filter(isPlainFolder).map((folder) => (folder === "" ? NAME : `${folder}/${NAME}`));
  const found = await Promise.all(names.map((name) => reader.info(`${tree}:${name}`)));
  const files = new Map<string, Buffer>();
  for (const [index, name] of names.entries()) {
    const info = found[index];
    const blob = info?.type === "blob" ? await reader.read(info.oid) : undefined;
    if (blob !== undefined) files.set(name, blob.content);
  }
  return files;
}

/** True when attributes say anything about line endings. */
export function speakOfLineEndings(files: AttributeFiles): boolean {
  return [...files.values()].some((content) =>
    /(?:^|\s)[-!]?(?:text|eol|crlf)(?:=|\s|$)/m.test(content.toString("latin1")),
  );
}

export function isAttributesFile(path: string): boolean {
  return path === NAME || path.endsWith(`/${NAME}`);
}

/** These folders are made on disk: a hostile tree can hold entries like `..`. */
function isPlainFolder(folder: string): boolean {
  if (folder === "") return true;
  return (
    !/[\n\0\\:]/.test(folder) &&
    folder.split("/").every((part) => part !== "" && part !== "." && part !== ".." && part.length < 200)
  );
}
