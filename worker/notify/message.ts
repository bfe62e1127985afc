/**
 * What a notification says, for every target alike: the words are data, the targets only set them.
 *
 * @module
 */
import type { Reason } from "../contract/primitives.ts";
import type { NotifyEvent } from "../contract/stack.ts";

/** What a message is about; the attempt machine makes it. */
export type Notification = {
  event: NotifyEvent;
  stackId: string;
  attemptId: string;
  operation: string;
  /** Of a promotion. */
  channel?: string;
  tag: string | null;
  onto: string;
  reason: Reason | null;
  candidates: { ref: string; oid: string }[];
  at: string;
};

/** How much a person has to do with it. */
export type Tone = "good" | "attention" | "bad" | "quiet";

/** `{stack}`, `{upstream}` and `{attempt}` are filled in. */
const TEMPLATES: Record<NotifyEvent, { title: string; tone: Tone }> = {
  changed: { title: "{stack}: carried onto {upstream}", tone: "good" },
  completed: { title: "{stack}: {upstream} needs no change", tone: "good" },
  promoted: { title: "{stack}: {upstream} is in a channel", tone: "good" },
  landed: { title: "{stack}: {upstream} landed", tone: "good" },
  needs_intervention: { title: "{stack}: {upstream} waits for a person", tone: "attention" },
  blocked: { title: "{stack}: {upstream} is blocked from outside", tone: "attention" },
  advisory: { title: "{stack}: a security advisory names {upstream}", tone: "attention" },
  failed: { title: "{stack}: {upstream} failed", tone: "bad" },
  timed_out: { title: "{stack}: {upstream} was given up after its retries", tone: "bad" },
  superseded: { title: "{stack}: {upstream} gave way to a newer one", tone: "quiet" },
};

export type Message = {
  title: string;
  tone: Tone;
  /** Why, in the record's own words; they may come from upstream. */
  text: string | undefined;
  facts: readonly { name: string; value: string }[];
  /** The page that lets the reader act; only where the deployment knows its own address. */
  link: string | undefined;
};

/** Sets a notification into words. `origin` is where the deployment is reached. */
export function messageOf(n: Notification, origin: string | undefined): Message {
  const upstream = n.tag ?? n.onto.replace(/^refs\/(?:tags|heads)\//, "");
  const { title, tone } = TEMPLATES[n.event];
  const words: Readonly<Record<string, string>> = { stack: n.stackId, upstream, attempt: n.attemptId };
  return {
    title: title.replaceAll(/\{(\w+)\}/g, (_, word: string) => words[word] ?? ""),
    tone,
    text: n.reason?.message,
    facts: [
      { name: "Attempt", value: n.attemptId },
      { name: "Upstream", value: upstream },
      ...(n.channel === undefined ? [] : [{ name: "Channel", value: n.channel }]),
      ...n.candidates.map(({ ref, oid }) => ({ name: "Candidate", value: `${ref} ${oid.slice(0, 12)}` })),
    ],
    link: origin === undefined ? undefined : `${origin}/console/attempts/${encodeURIComponent(n.attemptId)}`,
  };
}

/** Cuts text to `length` characters, marking the cut. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
