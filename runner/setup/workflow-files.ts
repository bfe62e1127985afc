/**
 * The workflow files that stand beside this program, as they are. The build puts their text in the place of
 * this module, so that the published program is one file.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { ForgeKind } from "../../worker/contract/forge.ts";

function text(name: string): string {
  return readFileSync(new URL(`../ci/${name}`, import.meta.url), "utf8");
}

export const WORKFLOW_FILES: Readonly<Record<ForgeKind, string>> = {
  github: text("github.yml"),
  forgejo: text("forgejo.yml"),
  gitlab: text("gitlab.yml"),
};
