/**
 * The small things that pages say everywhere: when, which object, in what state, where to.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { AttemptStatus } from "../contract/attempt.ts";

type Tone = "good" | "busy" | "warn" | "bad" | "idle";

const TONES: Record<AttemptStatus, Tone> = {
  queued: "idle",
  dispatched: "busy",
  running: "busy",
  blocked: "warn",
  needs_intervention: "warn",
  changed: "good",
  completed: "good",
  skipped: "idle",
  failed: "bad",
  timed_out: "bad",
  cancelled: "idle",
  superseded: "idle",
  dismissed: "idle",
};

/** A state in words and in colour. */
export function Status({ of }: { of: AttemptStatus }) {
  return <Mark tone={TONES[of]}>{of.replaceAll("_", " ")}</Mark>;
}

export function Mark({ tone, children }: { tone: Tone; children?: Child }) {
  return <span class={`st ${tone}`}>{children}</span>;
}

/** A time as its distance from now; the exact time is in its title. */
export function When({ at, now }: { at: string; now: number }) {
  return (
    <time datetime={at} title={exact(at)}>
      {distance(Date.parse(at) - now)}
    </time>
  );
}

/** A time as it is, to the second. */
export function Moment({ at }: { at: string }) {
  return <time datetime={at}>{exact(at)}</time>;
}

function exact(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
}

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
] as const;

/** `3 h ago`, `in 5 min`, `now`. */
export function distance(ms: number): string {
  const size = Math.abs(ms);
  const unit = UNITS.find(([length]) => size >= length);
  if (unit === undefined) return "now";
  const text = `${Math.floor(size / unit[0])} ${unit[1]}`;
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** How long something took, in words that fit a row. */
export function duration(from: string, to: string): string {
  return seconds((Date.parse(to) - Date.parse(from)) / 1000);
}

export function seconds(count: number): string {
  if (count < 90) return `${count < 10 ? count.toFixed(1) : Math.round(count)} s`;
  return count < 5400 ? `${Math.round(count / 60)} min` : `${(count / 3600).toFixed(1)} h`;
}

export function count(n: number, what: string, more = `${what}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? what : more}`;
}

/** An object id, short; whole in its title. */
export function Oid({ of }: { of: string }) {
  return <code title={of}>{of.slice(0, 10)}</code>;
}

export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, "");
}

/** A link out of the console; text where the address is not one of the web. */
export function Outside({ href, children }: { href: string | undefined; children?: Child }) {
  if (href === undefined || !isWeb(href)) return <span>{children}</span>;
  return (
    <a href={href} rel="noreferrer noopener">
      {children}
    </a>
  );
}

function isWeb(address: string): boolean {
  if (!URL.canParse(address)) return false;
  return ["http:", "https:"].includes(new URL(address).protocol);
}

/** Paths of the console's own pages. */
export const path = {
  stack: (id: string) => `/console/stacks/${encodeURIComponent(id)}`,
  attempt: (id: string) => `/console/attempts/${encodeURIComponent(id)}`,
  source: (id: string) => `/console/sources/${encodeURIComponent(id)}`,
  operation: (id: string) => `/console/api/${encodeURIComponent(id)}`,
  schema: (name: string) => `/console/api/schemas/${encodeURIComponent(name)}`,
  event: (id: string) => `/console/events/${encodeURIComponent(id)}`,
} as const;

export function StackLink({ id }: { id: string }) {
  return (
    <a class="name" href={path.stack(id)}>
      {id}
    </a>
  );
}

/** The version an attempt is about, as people say it. */
export function subject(attempt: { tag?: string | null | undefined; onto: string }): string {
  return attempt.tag ?? shortRef(attempt.onto);
}

type ListingProps = { label: string; look?: string; children?: Child };

/** Long text that scrolls in its own box. */
export function Listing({ label, look, children }: ListingProps) {
  return (
    <section class="listing" tabindex={0} aria-label={label}>
      <pre class={look}>{children}</pre>
    </section>
  );
}

/** The first sentence of a reason: what is the matter. What to do about it stands on the page it links to. */
export function gist(message: string): string {
  const [first = message] = message.split(/(?<=[.!?]) (?=[A-Z])/, 1);
  const text = first.replace(/\.$/, "");
  return text.length > GIST ? `${text.slice(0, GIST)}…` : text;
}

const GIST = 240;
