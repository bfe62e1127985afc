/**
 * E-mail through a provider's HTTP API: JSON of `from`, `to`, `subject` and `text` with a bearer key, which is
 * what Resend and those that follow it take. https://resend.com/docs/api-reference/emails/send-email
 *
 * @module
 */
import { cut, type Message } from "./message.ts";

/** Longest subject, characters: what mail programs show. */
const SUBJECT = 200;

/** The body of the call. Plain text only: what comes from upstream is no markup. */
export function emailBody({ title, text, facts, link }: Message, from: string, to: readonly string[]): unknown {
  const lines = [
    title,
    ...(text === undefined ? [] : ["", text]),
    "",
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    ...(link === undefined ? [] : ["", link]),
  ];
  // A line break in a subject would begin another header.
  return { from, to, subject: cut(title.replaceAll(/\s+/g, " "), SUBJECT), text: `${lines.join("\n")}\n` };
}
