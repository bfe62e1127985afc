/**
 * Paths that a flow package names, followed to where they really lead: nothing outside of the
 * folder that they may be in, not by `..` and not by a symbolic link.
 *
 * @module
 */
import { realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";

export type FollowedPath = { ok: true; path: string } | { ok: false; problem: string };

/**
 * `path` as it stands in a `flow.toml`, seen from `from`, inside of `within` (both real folders).
 * The answer is the real path, so that a link that is changed later leads nowhere else.
 */
export function followPath(
  path: string,
  place: { from: string; within: string; what: "file" | "folder" },
): FollowedPath {
  const { from, within, what } = place;
  if (isAbsolute(path)) return { ok: false, problem: `'${path}' is absolute; name a ${what} relative to the package` };
  if (path.includes("\0")) return { ok: false, problem: "a path holds a NUL character" };
  const named = resolve(from, path);
  if (!isInside(named, within)) return { ok: false, problem: `'${path}' leads out of ${within}` };
  let real: string;
  try {
    real = realpathSync(named);
    if (!isInside(real, within)) return { ok: false, problem: `'${path}' is a link that leads out of ${within}` };
    const found = statSync(real);
    if (what === "file" ? !found.isFile() : !found.isDirectory())
      return { ok: false, problem: `'${path}' is not a ${what}` };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") return { ok: false, problem: `'${path}' is not there` };
    return { ok: false, problem: `'${path}' cannot be read (${code})` };
  }
  return { ok: true, path: real };
}

export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
