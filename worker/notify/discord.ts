/**
 * Discord webhooks: one embed per message.
 * https://discord.com/developers/docs/resources/webhook#execute-webhook
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

const GREEN = 0x2da44e;
const YELLOW = 0xbf8700;
const RED = 0xcf222e;
const GREY = 0x6e7781;

const COLOURS: Record<NotifyEvent, number> = {
  changed: GREEN,
  completed: GREEN,
  landed: GREEN,
  promoted: GREEN,
  needs_intervention: YELLOW,
  blocked: YELLOW,
  failed: RED,
  timed_out: RED,
  superseded: GREY,
  advisory: RED,
};

/** Longest texts Discord takes, characters. */
const LIMITS = { title: 256, description: 4096, value: 1024 };

/** The body of the webhook call. `allowed_mentions` keeps upstream text from pinging anyone. */
export function discordMessage(n: Notification): unknown {
  const fields = [
    { name: "Attempt", value: code(n.attemptId), inline: true },
    { name: "Upstream", value: code(n.tag ?? n.onto), inline: true },
    ...(n.channel === undefined ? [] : [{ name: "Channel", value: code(n.channel), inline: true }]),
    ...n.candidates.map((c) => ({ name: "Candidate", value: code(`${c.ref} ${c.oid.slice(0, 12)}`), inline: false })),
  ];
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: cut(`${n.stackId}: ${n.event.replaceAll("_", " ")}`, LIMITS.title),
        ...(n.reason === null ? {} : { description: cut(n.reason.message, LIMITS.description) }),
        color: COLOURS[n.event],
        fields: fields.slice(0, 25),
        timestamp: n.at,
      },
    ],
  };
}

function code(text: string): string {
  return `\`${cut(text.replaceAll("`", "'"), LIMITS.value - 2)}\``;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
