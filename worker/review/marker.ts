/**
 * The mark by which a proposal or issue of ours is known again. It counts only together with its author.
 *
 * @module
 */
import { z } from "zod";

const Marker = z.object({
  v: z.literal(1),
  kind: z.enum(["candidate", "intervention"]),
  stack: z.string(),
  attempt: z.string(),
  /** Commit of the branch when this was written: another one later, and somebody pushed. */
  head: z.string().optional(),
  /** Closed by us: a person who closes leaves this as it was. */
  closed: z.boolean().optional(),
});
export type Marker = z.infer<typeof Marker>;

const PATTERN = /<!-- patch\.moi (\{[^\n]*\}) -->/;

export function markerText(marker: Marker): string {
  // No value of ours holds `-->`: names and hex only.
  return `<!-- patch.moi ${JSON.stringify(marker)} -->`;
}

/** The mark of a body; undefined when it has none that is ours. */
export function readMarker(body: string): Marker | undefined {
  const text = PATTERN.exec(body)?.[1];
  if (text === undefined) return undefined;
  try {
    return Marker.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The body with another mark. */
export function remarked(body: string, marker: Marker): string {
  return body.replace(PATTERN, () => markerText(marker));
}
