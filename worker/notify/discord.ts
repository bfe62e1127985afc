/**
 * Discord webhooks: one embed per message.
 * https://discord.com/developers/docs/resources/webhook#execute-webhook
 *
 * @module
 */
import { cut, type Message, type Tone } from "./message.ts";

const COLOURS: Record<Tone, number> = { good: 0x2da44e, attention: 0xbf8700, bad: 0xcf222e, quiet: 0x6e7781 };

/** Longest texts Discord takes, characters; and most fields. */
const LIMITS = { title: 256, description: 4096, value: 1024, fields: 25 };

/** The body of the webhook call. `allowed_mentions` keeps upstream text from pinging anyone. */
export function discordBody({ title, tone, text, facts, link }: Message, at: string): unknown {
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: cut(title, LIMITS.title),
        ...(text === undefined ? {} : { description: cut(text, LIMITS.description) }),
        ...(link === undefined ? {} : { url: link }),
        color: COLOURS[tone],
        fields: facts
          .slice(0, LIMITS.fields)
          .map(({ name, value }) => ({ name, value: code(value), inline: name !== "Candidate" })),
        timestamp: at,
      },
    ],
  };
}

function code(text: string): string {
  return `\`${cut(text.replaceAll("`", "'"), LIMITS.value - 2)}\``;
}
