/**
 * The small shapes that every boundary shares: ids, times, Git object ids, ref names, limits.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** Largest `limit` a list takes, and what it takes when none is given. */
export const LIST_LIMIT = { default: 50, max: 500 } as const;

/** Largest JSON body of the admin API, bytes. */
export const MAX_API_BODY = 1024 * 1024;

/** Largest callback body a runner may send, bytes (protocol: 1 MiB). */
export const MAX_CALLBACK_BODY = 1024 * 1024;

/** Largest result of a forecast, bytes: all that its limits let through, in the widest letters. */
export const MAX_FORECAST_BODY = 512 * 1024;

/** Largest piece of log in one `PUT`, bytes. */
export const MAX_LOG_CHUNK = 256 * 1024;

/** What is kept of one attempt's log, bytes: the first half and the last half of it. */
export const MAX_LOG_BYTES = 8 * 1024 * 1024;

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

/** Id of a stack, source, channel or runner: also part of refs, URLs and event ids, hence narrow. */
export const Name = z
  .string()
  .regex(NAME, "use 1 to 64 of a-z 0-9 . _ -, starting and ending with a letter or digit")
  // `..` and a trailing `.lock` are refused by git in ref names, and these ids become part of refs.
  .refine((s) => !s.includes("..") && !s.endsWith(".lock"), "may not contain '..' or end in '.lock'");

/** A full Git object id, SHA-1 or SHA-256, lower-case hex. */
export const Oid = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "must be a full hex object id");

/** ISO 8601 UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const Timestamp = z.iso.datetime();

/**
 * A branch or tag name, or a full ref, by the rules of `git check-ref-format`; nothing that a
 * program could read as an option.
 */
export const RefName = z.string().min(1).max(250).refine(isRefName, "is not a name that git accepts for a ref");

/** The rules of git-check-ref-format(1), plus "never starts with a dash". */
export function isRefName(name: string): boolean {
  if (name === "" || name.startsWith("-") || name.startsWith("/") || name.endsWith("/") || name.endsWith("."))
    return false;
  if (name === "@" || name.includes("..") || name.includes("@{") || name.includes("//")) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (/[\u0000-\u0020\u007f~^:?*[\\]/.test(name)) return false;
  return name.split("/").every((part) => !part.startsWith(".") && !part.endsWith(".lock"));
}

/** A folder inside a checkout: relative, forward slashes, nothing that leads out of it or into `.git`. */
export const FolderPath = z
  .string()
  .min(1)
  .max(200)
  .refine(
    (path) =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
      !/[\u0000-\u001f\u007f\\*?[\]!"]/.test(path) &&
      path.split("/").every((part) => !["", ".", ".."].includes(part) && part.toLowerCase() !== ".git"),
    "must be a folder inside the checkout, like 'packages/web'",
  );

/** Where a repository is. Credentials never travel in URLs: the runner has its own. */
export const RepositoryUrl = z
  .string()
  .max(2048)
  .refine(isRepositoryUrl, "must be an http(s), ssh or git URL without credentials");

function isRepositoryUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (!["https:", "http:", "ssh:", "git:"].includes(url.protocol)) return false;
  // ssh://git@host names the account and is no secret; a password always is.
  return url.password === "" && (url.username === "" || url.protocol === "ssh:");
}

/** An http(s) address without credentials; whether http is allowed is decided where it is fetched. */
export const HttpUrl = z
  .string()
  .max(2048)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const url = new URL(text);
    return (url.protocol === "https:" || url.protocol === "http:") && url.username === "" && url.password === "";
  }, "must be an http(s) URL without credentials");

/** A reason that a program can tell apart and a person can read. */
export const Reason = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9_]{1,63}$/, "must be lower_snake_case"),
  message: z.string().min(1).max(4000),
});
export type Reason = z.infer<typeof Reason>;
