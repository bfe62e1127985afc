import { describe, expect, it } from "vitest";
import { type Outbound, outboundFetch, retryAfter } from "./outbound-fetch.ts";
import { OWN_HOSTS, REFUSED_URLS } from "./testing/refused-urls.ts";
import { checkUrl } from "./url-policy.ts";

/** A server by address: what it answers there. Anything not listed is a bug of the test. */
function serving(routes: Record<string, () => Response>): Outbound & { asked: string[] } {
  const asked: string[] = [];
  return {
    allowLocal: false,
    asked,
    fetch: (url) => {
      asked.push(url);
      const route = routes[url];
      return route === undefined ? Promise.reject(new Error(`unexpected ${url}`)) : Promise.resolve(route());
    },
  };
}

const redirect = (status: number, location: string) => () => new Response(null, { status, headers: { location } });
/** One read as a link may be refused for another reason than the text it was written as. */
const REFUSED: unknown = expect.stringMatching(/^(?:bad_url|forbidden_address)$/);
const FEED = "https://git.example.org/a.atom";

describe("outboundFetch", () => {
  it("gives status, headers, body and the address of the last hop", async () => {
    const outbound = serving({
      [FEED]: redirect(302, "/b.atom"),
      "https://git.example.org/b.atom": () => new Response("<feed/>", { headers: { etag: '"1"' } }),
    });
    const got = await outboundFetch(FEED, {}, outbound);
    expect(got.ok && [got.value.status, got.value.url, got.value.headers.get("etag"), got.value.movedTo]).toEqual([
      200,
      "https://git.example.org/b.atom",
      '"1"',
      undefined,
    ]);
    expect(got.ok && new TextDecoder().decode(got.value.body)).toBe("<feed/>");
  });

  it("tells of a permanent move as far as it is permanent", async () => {
    const outbound = serving({
      [FEED]: redirect(301, "https://new.example.org/a"),
      "https://new.example.org/a": redirect(308, "https://new.example.org/b"),
      "https://new.example.org/b": redirect(302, "https://new.example.org/c"),
      "https://new.example.org/c": () => new Response("x"),
    });
    const got = await outboundFetch(FEED, {}, outbound);
    expect(got).toMatchObject({ ok: true, value: { movedTo: "https://new.example.org/b" } });
  });

  it("follows no redirect to an address that is refused by itself", async () => {
    let hops = 0;
    for (const [location] of REFUSED_URLS) {
      // What is no address of its own is taken from where it was read, and is then another one.
      if (!URL.canParse(location) || checkUrl(new URL(location).href, { allowLocal: false, ownHosts: OWN_HOSTS }).ok)
        continue;
      const outbound = { ...serving({ [FEED]: redirect(302, new URL(location).href) }), ownHosts: OWN_HOSTS };
      const got = await outboundFetch(FEED, {}, outbound);
      expect([location, got]).toMatchObject([location, { ok: false, failure: { code: REFUSED } }]);
      expect(outbound.asked).toEqual([FEED]);
      hops++;
    }
    expect(hops).toBeGreaterThan(100);
  });

  it("judges the last hop of a chain like the first", async () => {
    const outbound = serving({
      [FEED]: redirect(301, "/1"),
      "https://git.example.org/1": redirect(302, "/2"),
      "https://git.example.org/2": redirect(307, "https://10.0.0.8/"),
    });
    expect(await outboundFetch(FEED, {}, outbound)).toMatchObject({
      ok: false,
      failure: { code: "forbidden_address" },
    });
    expect(outbound.asked).toHaveLength(3);
  });

  it("gives up after three redirects", async () => {
    const outbound = serving({ [FEED]: redirect(302, FEED) });
    expect(await outboundFetch(FEED, {}, outbound)).toMatchObject({ ok: false, failure: { code: "redirect_loop" } });
    expect(outbound.asked).toHaveLength(4);
  });

  it("tells another origin neither credentials nor what was sent", async () => {
    const seen: [string, string[]][] = [];
    const answers: Record<string, () => Response> = {
      [FEED]: redirect(307, "/b"),
      "https://git.example.org/b": redirect(308, "https://other.example.org/c"),
      "https://other.example.org/c": () => new Response("x"),
    };
    const outbound: Outbound = {
      allowLocal: false,
      fetch: (url, init) => {
        seen.push([new URL(url).pathname, [...new Headers(init.headers).keys()].toSorted()]);
        return Promise.resolve(answers[url]?.() ?? Response.error());
      },
    };
    const secrets = { authorization: "Bearer s", "private-token": "s", cookie: "s", "webhook-signature": "s" };
    const got = await outboundFetch(FEED, { headers: { ...secrets, "if-none-match": '"1"' } }, outbound);
    const all = ["authorization", "cookie", "if-none-match", "private-token", "user-agent", "webhook-signature"];
    expect(seen).toEqual([
      ["/a.atom", all],
      ["/b", all],
      ["/c", ["if-none-match", "user-agent"]],
    ]);
    expect(got.ok).toBe(true);
    seen.length = 0;
    const sent = await outboundFetch(FEED, { method: "POST", body: new Uint8Array([1]) }, outbound);
    expect(sent).toMatchObject({ failure: { code: "bad_redirect" } });
    expect(seen.map(([path]) => path)).toEqual(["/a.atom", "/b"]);
  });

  it("does not repeat a POST as a GET", async () => {
    const outbound = serving({ [FEED]: redirect(302, "/b") });
    expect(await outboundFetch(FEED, { method: "POST" }, outbound)).toMatchObject({
      failure: { code: "bad_redirect" },
    });
  });

  it("stops reading at the cap", async () => {
    let pulled = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            pulled += 1;
            controller.enqueue(new Uint8Array(1024));
          },
        }),
      );
    const got = await outboundFetch(FEED, { maxBytes: 10_240 }, serving({ [FEED]: endless }));
    expect(got).toMatchObject({ ok: false, failure: { code: "too_large" } });
    expect(pulled).toBeLessThan(20);
  });

  it("stops waiting at the deadline, in the body too", async () => {
    const outbound: Outbound = {
      allowLocal: false,
      fetch: (_url, init) =>
        Promise.resolve(
          new Response(
            new ReadableStream({
              start: (controller) =>
                init.signal?.addEventListener("abort", () => controller.error(new Error("aborted"))),
            }),
          ),
        ),
    };
    expect(await outboundFetch(FEED, { timeoutMs: 20 }, outbound)).toMatchObject({ failure: { code: "timeout" } });
  });

  it("reports a refusal with its Retry-After", async () => {
    const outbound = serving({
      [FEED]: () => new Response("slow down", { status: 429, headers: { "retry-after": "120" } }),
    });
    expect(await outboundFetch(FEED, {}, outbound)).toMatchObject({
      failure: { code: "http_status", status: 429, retryAfterSeconds: 120 },
    });
  });

  it("gives a refusal whole to who asks for any status", async () => {
    const outbound = serving({ [FEED]: () => new Response("no such thing", { status: 404 }) });
    const got = await outboundFetch(FEED, { anyStatus: true }, outbound);
    expect(got.ok && [got.value.status, new TextDecoder().decode(got.value.body)]).toEqual([404, "no such thing"]);
  });

  it("reports a server that is not there", async () => {
    expect(await outboundFetch(FEED, {}, serving({}))).toMatchObject({ failure: { code: "network" } });
  });
});

describe("retryAfter", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  it.each([
    ["120", 120],
    ["Sun, 22 Nov 2026 12:01:00 GMT", 60],
    ["Sun, 22 Nov 2026 11:00:00 GMT", 0],
    ["999999999", 86_400],
    ["soon", undefined],
    [null, undefined],
  ])("%s", (header, seconds) => {
    expect(retryAfter(header, now)).toBe(seconds);
  });
});
