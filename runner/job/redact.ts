/**
 * Takes secrets out of text that leaves this machine, in the forms in which programs print them.
 *
 * @module
 */

/** Shorter values would tear holes into ordinary text and protect nothing. */
const MIN_LENGTH = 6;

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_KEY|PRIVATE_KEY|AUTH(?!OR)/i;

/** A path or a socket is named like a secret sometimes (SSH_AUTH_SOCK) and is none. */
const NOT_SECRET = /^(?:\/|\.\/|[a-z]:\\|true$|false$|[0-9]{1,9}$)/i;

export type Redactor = (text: string) => string;

export function makeRedactor(secrets: readonly string[]): Redactor {
  const forms = new Set(secrets.filter((secret) => secret.length >= MIN_LENGTH).flatMap(formsOf));
  if (forms.size === 0) return (text) => text;
  // Longest first: a form may hold another.
  const sources = [...forms]
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&"));
  const pattern = new RegExp(sources.join("|"), "g");
  return (text) => text.replaceAll(pattern, "[redacted]");
}

/** Values of the environment whose names say that they are secret. */
export function environmentSecrets(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && SECRET_NAME.test(name) && !NOT_SECRET.test(value) ? [value] : [],
  );
}

function formsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  return [secret, encoded, encoded.replaceAll("%20", "+"), lowerEscapes(encoded), ...base64Forms(secret)];
}

function lowerEscapes(encoded: string): string {
  return encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/**
 * What is the same in the base64 of any text that holds the secret (`user:secret` in an
 * Authorization header): its base64 at each of the three alignments, without the ends that depend on
 * the neighbours.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms: string[] = [];
  for (const before of [0, 1, 2]) {
    const aligned = Buffer.concat([Buffer.alloc(before), bytes]);
    const whole = aligned.toString("base64").replaceAll("=", "");
    const from = before === 0 ? 0 : before + 1;
    const to = aligned.length % 3 === 0 ? whole.length : whole.length - 1;
    const form = whole.slice(from, to);
    if (form.length >= MIN_LENGTH) forms.push(form, form.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}
