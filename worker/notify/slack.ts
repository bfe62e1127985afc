/**
 * Slack incoming webhooks: blocks of plain text.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 *
 * @module
 */
import { cut, type Message, type Tone } from "./message.ts";

const MARKS: Record<Tone, string> = { good: "🟢", attention: "🟡", bad: "🔴", quiet: "⚪" };

/** Longest texts Slack takes in a block, characters. */
const LIMITS = { header: 150, section: 3000, field: 2000, fields: 10 };

/** The body of the webhook call. What comes from upstream is `plain_text`: it mentions and links nothing. */
export function slackBody({ title, tone, text, facts, link }: Message): unknown {
  const plain = (words: string, length: number) => ({ type: "plain_text", text: cut(words, length), emoji: false });
  const fields = facts.map(({ name, value }) => plain(`${name}\n${value}`, LIMITS.field));
  const rows = fields.flatMap((_, i) => (i % LIMITS.fields === 0 ? [fields.slice(i, i + LIMITS.fields)] : []));
  const open = { type: "button", text: plain("Open", LIMITS.header), url: link };
  return {
    // Shown in notifications, where blocks are not; `<!channel>` and links need the angle brackets.
    text: escaped(title),
    unfurl_links: false,
    blocks: [
      { type: "header", text: { ...plain(`${MARKS[tone]} ${title}`, LIMITS.header), emoji: true } },
      ...(text === undefined ? [] : [{ type: "section", text: plain(text, LIMITS.section) }]),
      ...rows.map((row) => ({ type: "section", fields: row })),
      ...(link === undefined ? [] : [{ type: "actions", elements: [open] }]),
    ],
  };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
