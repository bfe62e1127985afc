/**
 * Pages of forges for the branches of their repositories, where the forge is known. None is guessed.
 *
 * @module
 */
import { shortRef } from "./words.tsx";

const BRANCH_PATHS: Record<string, string> = {
  "github.com": "tree",
  "gitlab.com": "-/tree",
  "codeberg.org": "src/branch",
};

/** The page of a branch; undefined for forges that are not known. */
export function branchPage(repository: string | undefined, ref: string): string | undefined {
  const branch = shortRef(ref).split("/").map(encodeURIComponent).join("/");
  if (repository === undefined || !URL.canParse(repository)) return undefined;
  const { hostname, pathname, protocol } = new URL(repository);
  const place = Object.hasOwn(BRANCH_PATHS, hostname) ? BRANCH_PATHS[hostname] : undefined;
  if (protocol !== "https:" || place === undefined) return undefined;
  return `https://${hostname}${pathname.replace(/\.git$/, "").replace(/\/$/, "")}/${place}/${branch}`;
}
