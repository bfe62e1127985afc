/**
 * A server of feeds on loopback that answers 304 to who knows the newest state, and may have something
 * new at every request.
 *
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type FeedServer = {
  url: string;
  /** From now on every request finds one more release, or none. */
  busy: (busy: boolean) => void;
  /** Of so many feeds, `/<n>.atom`, one in `every` answers with its feed anew though nothing in it is. */
  restless: (every: number) => void;
  /** The feeds `/<from>.atom` up to before `/<to>.atom` have one more release; gives the time, milliseconds. */
  release: (from: number, to: number) => number;
  close: () => void;
};

/** Entries shown, as a forge's releases feed has them. */
const WINDOW = 10;

export async function startFeedServer(): Promise<FeedServer> {
  const newest = new Map<string, number>();
  let busy = false;
  let every = 0;
  let asked = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const release = (newest.get(path) ?? WINDOW) + (busy ? 1 : 0);
    newest.set(path, release);
    const number = Number(/^\/([0-9]+)\.atom$/.exec(path)?.[1] ?? Number.NaN);
    const etag = every > 0 && number % every === 0 ? `"${release}-${asked++}"` : `"${release}"`;
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else response.writeHead(200, { "content-type": "application/atom+xml", etag }).end(feed(release));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    busy: (now) => {
      busy = now;
    },
    restless: (one) => {
      every = one;
    },
    release: (from, to) => {
      for (let n = from; n < to; n++) newest.set(`/${n}.atom`, (newest.get(`/${n}.atom`) ?? WINDOW) + 1);
      return Date.now();
    },
    close: () => server.close(),
  };
}

function feed(newest: number): string {
  const entries = Array.from({ length: WINDOW }, (_, i) => {
    const tag = `v1.${newest - i}.0`;
    const link = `https://forge.example.org/lantern/lantern/releases/tag/${tag}`;
    const updated = new Date(Date.UTC(2026, 0, 1) + (newest - i) * 3_600_000).toISOString();
    return `<entry><id>urn:${tag}</id><title>${tag}</title><updated>${updated}</updated><link rel="alternate" href="${link}"/><content type="html">Lamps of ${tag} &lt;p&gt;burn longer&lt;/p&gt;</content></entry>`;
  });
  return `<feed xmlns="http://www.w3.org/2005/Atom"><title>lantern</title>${entries.join("")}</feed>`;
}
