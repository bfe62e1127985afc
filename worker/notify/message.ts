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
  /** It may leave with others of its stack that are due with it. */
  grouped?: boolean;
  /** What leaves with it, in no order; settled before its first try. */
  others?: Notification[];
};

/** How much a person has to do with it. */
export type Tone = "good" | "attention" | "bad" | "quiet";

/** `{stack}`, `{upstream}` and `{attempt}` are filled in; `word` is what it is called among others. */
const TEMPLATES: Record<NotifyEvent, { title: string; word: string; tone: Tone }> = {
  changed: { title: "{stack}: carried onto {upstream}", word: "Carried", tone: "good" },
  completed: { title: "{stack}: {upstream} needs no change", word: "No change needed", tone: "good" },
  promoted: { title: "{stack}: {upstream} is in a channel", word: "Promoted", tone: "good" },
  landed: { title: "{stack}: {upstream} landed", word: "Landed", tone: "good" },
  needs_intervention: {
    title: "{stack}: {upstream} waits for a person",
    word: "Waits for a person",
    tone: "attention",
  },
  blocked: { title: "{stack}: {upstream} is blocked from outside", word: "Blocked from outside", tone: "attention" },
  advisory: { title: "{stack}: a security advisory names {upstream}", word: "Security advisory", tone: "attention" },
  failed: { title: "{stack}: {upstream} failed", word: "Failed", tone: "bad" },
  timed_out: { title: "{stack}: {upstream} was given up after its retries", word: "Given up", tone: "bad" },
  superseded: { title: "{stack}: {upstream} gave way to a newer one", word: "Gave way", tone: "quiet" },
};

/** Of several changes in one message; `{stack}` and `{count}` are filled in. */
const GROUP = "{stack}: {count} changes";

export type Message = {
  title: string;
  tone: Tone;
  /** Why, in the record's own words; they may come from upstream. */
  text: string | undefined;
  facts: readonly { name: string; value: string }[];
  /** The page that lets the reader act; only where the deployment knows its own address. */
  link: string | undefined;
};

/** Sets a notification into words, or a group of them. `origin` is where the deployment is reached. */
export function messageOf(n: Notification, origin: string | undefined): Message {
  const changes = changesOf(n);
  return changes.length === 1 ? oneOf(n, origin) : groupOf(n.stackId, changes, origin);
}

/** All that one message tells of, as it happened. */
export function changesOf({ others = [], ...first }: Notification): Notification[] {
  return [first, ...others].toSorted((a, b) => a.at.localeCompare(b.at));
}

/** The page that lets the reader act: of the attempt, or of the stack where there are several. */
export function linkOf(n: Notification, origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const attempts = new Set(changesOf(n).map(({ attemptId }) => attemptId));
  return attempts.size === 1
    ? `${origin}/console/attempts/${encodeURIComponent(n.attemptId)}`
    : `${origin}/console/stacks/${encodeURIComponent(n.stackId)}`;
}

function oneOf(n: Notification, origin: string | undefined): Message {
  return {
    title: titleOf(n),
    tone: TEMPLATES[n.event].tone,
    text: n.reason?.message,
    facts: [
      { name: "Attempt", value: n.attemptId },
      { name: "Upstream", value: upstreamOf(n) },
      ...(n.channel === undefined ? [] : [{ name: "Channel", value: n.channel }]),
      ...candidatesOf(n),
    ],
    link: linkOf(n, origin),
  };
}

/** From what asks most of the reader to what asks least. */
const URGENCY: readonly Tone[] = ["bad", "attention", "good", "quiet"];

/** Characters of a reason that a line of a group has room for: twenty of them must fit into one message. */
const LINE = 110;

function groupOf(stackId: string, changes: readonly Notification[], origin: string | undefined): Message {
  const tones = changes.map(({ event }) => TEMPLATES[event].tone);
  const words: Readonly<Record<string, string>> = { stack: stackId, count: String(changes.length) };
  const [first, ...others] = changes;
  return {
    title: filled(GROUP, words),
    tone: URGENCY.find((tone) => tones.includes(tone)) ?? "quiet",
    text: undefined,
    facts: changes.map((n) => ({
      name: TEMPLATES[n.event].word,
      value: [cut(upstreamOf(n), LINE), n.attemptId, ...(n.reason === null ? [] : [cut(n.reason.message, LINE)])].join(
        " · ",
      ),
    })),
    link: first === undefined ? undefined : linkOf({ ...first, others }, origin),
  };
}

function titleOf(n: Notification): string {
  const words: Readonly<Record<string, string>> = { stack: n.stackId, upstream: upstreamOf(n), attempt: n.attemptId };
  return filled(TEMPLATES[n.event].title, words);
}

function filled(template: string, words: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, word: string) => words[word] ?? "");
}

function upstreamOf({ tag, onto }: Notification): string {
  return tag ?? onto.replace(/^refs\/(?:tags|heads)\//, "");
}

function candidatesOf({ candidates }: Notification): Message["facts"] {
  return candidates.map(({ ref, oid }) => ({ name: "Candidate", value: `${ref} ${oid.slice(0, 12)}` }));
}

/** Cuts text to `length` characters, marking the cut. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
