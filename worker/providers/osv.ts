/**
 * OSV: `POST /v1/query` for one package, page after page. A query has no validators and no order.
 * https://google.github.io/osv.dev/post-v1-query/
 *
 * @module
 */
import { z } from "zod";
import type { ProviderReader } from "./provider.ts";

const Page = z.object({ vulns: z.array(z.unknown()).optional(), next_page_token: z.string().min(1).optional() });

export const osv: ProviderReader = {
  ownsHost: (hostname) => hostname === "api.osv.dev",
  read: (entry) => ({ entryId: entry.id }),
  missing: (source) =>
    source.package === undefined ? "package: is missing: OSV is asked about one package" : undefined,
  pages: {
    query: ({ package: of }, token) => ({ package: of, ...(token === undefined ? {} : { page_token: token }) }),
    read: (answer) => {
      const page = Array.isArray(answer) ? undefined : Page.safeParse(answer).data;
      return page === undefined ? undefined : { advisories: page.vulns ?? [], next: page.next_page_token };
    },
  },
};
