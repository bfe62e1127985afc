/**
 * Style sheet, script and icon under addresses that change with their content, so that they may be kept for ever.
 *
 * @module
 */
import { Hono } from "hono";
import type { AppEnv } from "../api/http.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a5457"/><path d="M4 12V4h4.5a2.7 2.7 0 0 1 0 5.4H6.5" fill="none" stroke="#fff" stroke-width="1.8"/></svg>`;

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
