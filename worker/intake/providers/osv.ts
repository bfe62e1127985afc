/**
 * OSV: `POST /v1/query` for one package, page after page. A query has no validators and no order.
 * https://google.github.io/osv.dev/post-v1-query/
 *
 * @module
 */
import { z } from "zod";
import { outboundFetch } from "../../platform/outbound-fetch.ts";
import { fail, ok } from "../../platform/result.ts";
import { readAdvisories } from "../advisory-formats.ts";
import { parseFeed } from "../parse-feed.ts";
import type { ParsedFeed } from "../raw-entry.ts";
import type { ProviderReader } from "./provider.ts";

/** A package with more is asked for no further; it says so. */
const MAX_PAGES = 20;

const Page = z.object({ vulns: z.array(z.unknown()).optional(), next_page_token: z.string().min(1).optional() });

export const osv: ProviderReader = {
  owns: (url) => url.hostname === "api.osv.dev",
  read: (entry) => ({ entryId: entry.id }),
  ask: async ({ url, package: of }, outbound) => {
    if (of === undefined)
      return fail({
        code: "no_package",
        message: "set package.ecosystem and package.name: OSV is asked about one package",
      });
    const vulns: unknown[] = [];
    const warnings: string[] = [];
    let token: string | undefined;
    let last = url;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = { package: of, ...(token === undefined ? {} : { page_token: token }) };
      const answer = await outboundFetch(
        url,
        {
          method: "POST",
          headers: { accept: "application/json", "content-type": "application/json" },
          body: new Uint8Array(new TextEncoder().encode(JSON.stringify(query))),
        },
        outbound,
      );
      if (!answer.ok) return answer;
      last = answer.value.url;
      const read = readPage(answer.value.body);
      if (read === undefined) return notOsv(answer.value.body, answer.value.headers.get("content-type") ?? undefined);
      vulns.push(...(read.vulns ?? []));
      token = read.next_page_token;
      if (token === undefined) break;
    }
    if (token !== undefined) warnings.push(`OSV has more than ${MAX_PAGES} pages of this package; the rest is left`);
    // Nothing known is an answer too: `{}`.
    const feed: ParsedFeed = readAdvisories({ vulns }) ?? { format: "osv", entries: [], warnings: [] };
    return ok({
      feed: { ...feed, title: `${of.ecosystem} ${of.name}`, warnings: [...feed.warnings, ...warnings] },
      url: last,
      validators: { etag: null, lastModified: null },
      movedTo: undefined,
    });
  },
};

function readPage(body: Uint8Array): z.infer<typeof Page> | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as unknown;
    return Array.isArray(value) ? undefined : Page.safeParse(value).data;
  } catch {
    return undefined;
  }
}

/** The parser of feeds knows best what a body is that should be something else. */
function notOsv(bytes: Uint8Array<ArrayBuffer>, contentType: string | undefined) {
  const read = parseFeed({ bytes, ...(contentType === undefined ? {} : { contentType }) });
  if (!read.ok) return read;
  return fail({ code: "feed_not_feed", message: `the server sent ${read.value.format} instead of OSV's answer` });
}
