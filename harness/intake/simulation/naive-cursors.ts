/**
 * Cursors that other programs use. Each of them loses or doubles releases, and the simulation has to
 * show it: a simulation that finds nothing wrong with these would find nothing wrong with ours.
 *
 * @module
 */
import type { Release } from "./upstream.ts";

export type Cursor = {
  name: string;
  /** Takes in one good answer; gives the tags it would start work for. */
  take(window: readonly Release[]): string[];
};

export function naiveCursors(): Cursor[] {
  return [lastSeenId(), newestUpdated(), keysWithoutGapRule(), emitsEdits()];
}

/** What is above the last one seen; everything, when that one has vanished. */
function lastSeenId(): Cursor {
  let last: string | undefined;
  return {
    name: "last seen id",
    take: (window) => {
      const at = window.findIndex((release) => release.tag === last);
      const first = last === undefined;
      last = window[0]?.tag ?? last;
      if (first) return [];
      return (at < 0 ? window : window.slice(0, at)).map((release) => release.tag);
    },
  };
}

/** What was updated after the newest date seen. */
function newestUpdated(): Cursor {
  let newest: number | undefined;
  return {
    name: "newest updated",
    take: (window) => {
      const since = newest;
      newest = Math.max(newest ?? 0, ...window.map((release) => release.updated));
      return since === undefined ? [] : window.filter((release) => release.updated > since).map(({ tag }) => tag);
    },
  };
}

/** Every key once, but only those that the window shows. */
function keysWithoutGapRule(): Cursor {
  const seen = new Set<string>();
  let primed = false;
  return {
    name: "keys without gap rule",
    take: (window) => {
      const fresh = window.map(({ tag }) => tag).filter((tag) => !seen.has(tag));
      for (const tag of fresh) seen.add(tag);
      const first = !primed;
      primed = true;
      return first ? [] : fresh;
    },
  };
}

/** Takes an edited entry for a new one. */
function emitsEdits(): Cursor {
  const seen = new Set<string>();
  let primed = false;
  return {
    name: "key and date",
    take: (window) => {
      const fresh = window.filter(({ tag, updated }) => !seen.has(`${tag} ${updated}`));
      for (const { tag, updated } of fresh) seen.add(`${tag} ${updated}`);
      const first = !primed;
      primed = true;
      return first ? [] : fresh.map(({ tag }) => tag);
    },
  };
}
