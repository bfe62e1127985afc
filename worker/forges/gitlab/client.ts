/**
 * What the parts of GitLab's client share.
 *
 * @module
 */
import type { Caller } from "../forge-request.ts";

export type GitlabClient = {
  caller: Caller;
  /** `/projects/<full path>`, encoded. */
  root: string;
};

/** As many pages of a list as are looked through, and what one holds. */
export const PAGE = { pages: 3, size: 100 };

/** A line that begins with a slash is a command to GitLab (`/close`, `/merge`): never from us. */
export function defused(text: string): string {
  return text.replaceAll(/^(\s*)\/(?=[a-z])/gim, "$1&#47;");
}

export function changeOf({ title, body, state }: { title?: string; body?: string; state?: "closed" }) {
  return {
    ...(title === undefined ? {} : { title }),
    ...(body === undefined ? {} : { description: defused(body) }),
    ...(state === undefined ? {} : { state_event: "close" }),
  };
}
