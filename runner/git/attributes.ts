/**
 * `.gitattributes` for merges without a work tree: git 2.39 reads none from the trees of a bare
 * repository, so the ones that matter are written to a file outside of it.
 *
 * What attributes can name by themselves is inert here: drivers and filters are commands in the
 * configuration, and the quarantine has none. The built-in `merge=union`, `binary`, `text` and
 * `eol` do what they do in a rebase.
 *
 * @module
 */
import type { ObjectReader } from "./object-reader.ts";

const NAME = ".gitattributes";

/** The attributes of `tree` that can apply to `paths`, as one file for the top folder; "" when none do. */
export async function attributesOf(reader: ObjectReader, tree: string, paths: Iterable<string>): Promise<string> {
  const folders = new Set<string>([""]);
  for (const path of paths) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) folders.add(parts.slice(0, depth).join("/"));
  }
  // Deeper files win, and in one file later lines do.
  const sorted = [...folders]
    .filter((f) => !/[\n\0]/.test(f))
    .sort((a, b) => a.split("/").length - b.split("/").length);
  const files = await Promise.all(sorted.map((folder) => reader.info(`${tree}:${inFolder(folder)}`)));
  const texts = await Promise.all(
    files.map(async (file, index) => {
      if (file?.type !== "blob") return "";
      const blob = await reader.read(file.oid);
      return rebased(blob?.content.toString("utf8") ?? "", sorted[index] ?? "");
    }),
  );
  return texts.filter((text) => text !== "").join("\n");
}

/** True when a file in the format of `.gitattributes` says anything about line endings. */
export function speaksOfLineEndings(attributes: string): boolean {
  return /(?:^|\s)[-!]?(?:text|eol|crlf)(?:=|\s|$)/m.test(attributes);
}

export function isAttributesFile(path: string): boolean {
  return path === NAME || path.endsWith(`/${NAME}`);
}

function inFolder(folder: string): string {
  return folder === "" ? NAME : `${folder}/${NAME}`;
}

/** The lines of a file in `folder`, written so that they mean the same in the top folder. */
export function rebased(text: string, folder: string): string {
  if (folder === "") return text;
  const prefix = folder.replaceAll(/[\\*?[]/g, "\\$&");
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"#][^\s]*))(\s.*)?$/.exec(line);
    const pattern = match?.[1] ?? match?.[2];
    // Macros count in the top folder only; negative patterns are forbidden.
    if (match === null || pattern === undefined || pattern.startsWith("[attr]") || pattern.startsWith("!")) continue;
    const anchored = pattern.replace(/^\//, "");
    const full =
      anchored.includes("/") || pattern.startsWith("/") ? `${prefix}/${anchored}` : `${prefix}/**/${anchored}`;
    lines.push(
      `"${match[1] === undefined ? full.replaceAll('"', '\\"').replaceAll("\\", "\\\\") : full}"${match[3] ?? ""}`,
    );
  }
  return lines.join("\n");
}
