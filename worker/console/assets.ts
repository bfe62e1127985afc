/**
 * Style sheet, script and icon under addresses that change with their content, so that they may be kept for ever.
 *
 * @module
 */
import { Hono } from "hono";
import type { AppEnv } from "../api/http.ts";
import { ICON } from "./icon.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

const ASSETS = {
  style: { path: `/style-${mark(STYLE)}.css`, type: "text/css; charset=utf-8", text: STYLE },
  script: { path: `/script-${mark(SCRIPT)}.js`, type: "text/javascript; charset=utf-8", text: SCRIPT },
  icon: { path: `/icon-${mark(ICON)}.svg`, type: "image/svg+xml", text: ICON },
} as const;

export const assets = new Hono<AppEnv>();

for (const { path, type, text } of Object.values(ASSETS))
  assets.get(path, (c) =>
    c.body(text, 200, { "Content-Type": type, "Cache-Control": "public, max-age=31536000, immutable" }),
  );

/** Where an asset is served. */
export function assetPath(name: keyof typeof ASSETS): string {
  return `/console${ASSETS[name].path}`;
}

/** FNV-1a, 32 bits: tells one text from the next version of it, and need not resist anybody. */
function mark(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
