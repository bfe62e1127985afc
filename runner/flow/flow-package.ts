/**
 * The flow packages of a workspace: what is installed in `.codex/flows`, then its own in `flows`.
 *
 * @module
 */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { describeError } from "../client/command-failure.ts";
import { type FlowManifest, parseManifest } from "./flow-manifest.ts";
import { isInside } from "./package-path.ts";

/** What is installed wins by name. */
const PLACES = [join(".codex", "flows"), "flows"] as const;

const MANIFEST = "flow.toml";

const MAX_MANIFEST_BYTES = 256 * 1024;

export type FlowPackage = {
  /** Its folder, every link followed. */
  root: string;
  /** The workspace's folder, every link followed. */
  workspace: string;
  installed: boolean;
  manifest: FlowManifest;
};

/** A folder with a `flow.toml` that is none. */
export type BrokenPackage = { file: string; problem: string };

export type Workspace = { root: string; packages: FlowPackage[]; broken: BrokenPackage[] };

/** Undefined when there is no such folder. */
export function readWorkspace(folder: string): Workspace | undefined {
  let root: string;
  try {
    root = realpathSync(folder);
    if (!statSync(root).isDirectory()) return undefined;
  } catch {
    return undefined;
  }
  const workspace: Workspace = { root, packages: [], broken: [] };
  for (const place of PLACES) readPlace(workspace, place);
  return workspace;
}

function readPlace(workspace: Workspace, place: (typeof PLACES)[number]): void {
  const folder = join(workspace.root, place);
  for (const name of listFolder(folder)) {
    const file = join(folder, name, MANIFEST);
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) continue;
    const read = readPackage(workspace.root, join(folder, name), place !== "flows");
    if ("problem" in read) workspace.broken.push({ file, problem: read.problem });
    else {
      const { name: title } = read.manifest;
      const other = workspace.packages.find(({ manifest }) => manifest.name === title);
      if (other === undefined) workspace.packages.push(read);
      else if (other.installed === read.installed)
        workspace.broken.push({ file, problem: `${other.root} is a package named '${title}' too` });
    }
  }
}

function readPackage(workspace: string, folder: string, installed: boolean): FlowPackage | { problem: string } {
  try {
    const root = realpathSync(folder);
    if (!isInside(root, workspace)) return { problem: `its folder is a link that leads out of ${workspace}` };
    const file = realpathSync(join(root, MANIFEST));
    if (!isInside(file, root)) return { problem: "it is a link that leads out of the package" };
    const found = statSync(file);
    if (!found.isFile()) return { problem: "it is not a file" };
    const { size } = found;
    if (size > MAX_MANIFEST_BYTES) return { problem: `it has ${size} bytes, more than ${MAX_MANIFEST_BYTES}` };
    const parsed = parseManifest(readFileSync(file, "utf8"));
    return parsed.ok ? { root, workspace, installed, manifest: parsed.manifest } : { problem: parsed.problem };
  } catch (error) {
    return { problem: `it cannot be read (${describeError(error)})` };
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
