/**
 * What the parts of Forgejo's client share.
 *
 * @module
 */
import { z } from "zod";
import type { Caller } from "../forge-request.ts";

export type ForgejoClient = {
  caller: Caller;
  /** `/repos/<owner>/<name>`, encoded. */
  root: string;
  webUrl: string;
};

/** As many pages of a list as are looked through, and what one holds at most by default. */
export const PAGE = { pages: 6, size: 50 };

export const User = z.object({ login: z.string() });

/** Slashes stay: they part the segments of a ref or path. */
export function encodeRef(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}
