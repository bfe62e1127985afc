/**
 * An upstream for tests of intake: its servers' answers by address, the sources that follow it, and a D1 that fails.
 *
 * @module
 */
import { env } from "cloudflare:workers";
import { FeedSourceConfig } from "../../contract/feed-source.ts";
import { openDatabase } from "../../store/database.ts";
import { listSignals } from "../../store/feed-entries.ts";
import { type FeedSourceRow, findSource, putSource } from "../../store/feed-sources.ts";
import type { PollContext } from "../poll-context.ts";

export const db = openDatabase(env.DB);
export const START = Date.parse("2026-11-22T12:00:00Z");

/** What upstream's server answers, by address. */
export class Upstream {
  readonly answers = new Map<string, () => Response>();
  readonly asked: { url: string; headers: Headers }[] = [];
  now = START;

  feed(id: string, tags: readonly string[], headers: Record<string, string> = {}): void {
    this.answers.set(addressOf(id), () => new Response(atom(tags), { headers }));
  }

  answer(id: string, status: number, headers: Record<string, string> = {}): void {
    this.answers.set(addressOf(id), () => new Response(null, { status, headers }));
  }

  /** The repository behind a source: tags with the commit that each names. */
  repository(id: string, tags: Record<string, string>): void {
    const lines = Object.entries(tags).map(([tag, digit]) => pkt(`${digit.repeat(40)} refs/tags/${tag}\n`));
    this.answers.set(repositoryOf(id), () => new Response(`${lines.join("")}0000`));
  }

  context(overrides: Partial<PollContext["env"]> = {}): PollContext {
    return {
      env: { DB: env.DB, PATCH_STACK: env.PATCH_STACK, ...overrides },
      outbound: {
        allowLocal: false,
        fetch: (url, init) => {
          this.asked.push({ url, headers: new Headers(init.headers) });
          const answer = this.answers.get(url);
          return answer === undefined ? Promise.reject(new Error("connection refused")) : Promise.resolve(answer());
        },
      },
      now: () => this.now,
      random: () => 0.5,
    };
  }
}

export const repositoryOf = (id: string): string => `https://github.com/acme/${id}.git/git-upload-pack`;

export const pkt = (line: string): string => (line.length + 4).toString(16).padStart(4, "0") + line;

export const addressOf = (id: string): string => `https://github.com/acme/${id}/releases.atom`;

/** Newest first; `v1.0.0*` is the same entry with another title. */
export function atom(tags: readonly string[]): string {
  const entries = tags.map((text) => {
    const tag = text.replaceAll("*", "");
    return `<entry><id>tag:github.com,2008:Repository/1/${tag}</id><updated>2026-10-01T00:00:00Z</updated>
      <link rel="alternate" type="text/html" href="https://github.com/acme/x/releases/tag/${tag}"/><title>${text}</title></entry>`;
  });
  return `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>${entries.join("")}</feed>`;
}

export async function declare(id: string, more: Partial<FeedSourceConfig> = {}): Promise<void> {
  const config = FeedSourceConfig.parse({ provider: "github", url: addressOf(id), event: "release", ...more });
  await putSource(db, id, config, await findSource(db, id), "2026-11-22T11:00:00.000Z");
}

export async function source(id: string): Promise<FeedSourceRow> {
  const row = await findSource(db, id);
  if (row === undefined) throw new Error(`no source ${id}`);
  return row;
}

export async function signals(id: string): Promise<string[]> {
  const rows = await listSignals(db, id, 100);
  return rows.toReversed().map((row) => `${row.entry.tag} r${row.revision} ${row.disposition}`);
}

/** D1 that fails every batch with such a statement: a poll's find is inserted, its end is an update. */
export function failingBatch(real: D1Database, failing: string): D1Database {
  const texts = new WeakMap<D1PreparedStatement, string>();
  const noted = (text: string, statement: D1PreparedStatement): D1PreparedStatement => {
    texts.set(statement, text);
    const bind = statement.bind.bind(statement);
    statement.bind = (...values) => noted(text, bind(...values));
    return statement;
  };
  return new Proxy(real, {
    get: (target, key) => {
      if (key === "prepare") return (text: string) => noted(text, target.prepare(text));
      if (key === "batch")
        return (statements: D1PreparedStatement[]) =>
          statements.some((one) => texts.get(one)?.trimStart().startsWith(failing))
            ? Promise.reject(new Error("D1_ERROR: network lost"))
            : target.batch(statements);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
