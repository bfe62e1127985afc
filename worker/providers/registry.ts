/**
 * Every provider that there is. Adding one is its file and its line here: what declares sources, the
 * published schema, polling and webhooks all ask this list.
 *
 * @module
 */
export { cgit } from "./cgit.ts";
export { crates } from "./crates.ts";
export { feed } from "./feed.ts";
export { codeberg, forgejo, forgejo as jojo, gitea } from "./forgejo.ts";
export { git } from "./git.ts";
export { github } from "./github.ts";
export { gitlab } from "./gitlab.ts";
export { kernel } from "./kernel.ts";
export { npm } from "./npm.ts";
export { osv } from "./osv.ts";
export { pypi } from "./pypi.ts";
export { sourceforge } from "./sourceforge.ts";
