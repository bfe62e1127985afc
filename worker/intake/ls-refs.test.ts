import { describe, expect, it } from "vitest";
import type { Outbound } from "../platform/outbound-fetch.ts";
import { lsRefs } from "./ls-refs.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);

const pkt = (line: string): string => (new TextEncoder().encode(line).length + 4).toString(16).padStart(4, "0") + line;

/** A Git server that answers everything alike, and what it was asked. */
function answering(body: string, status = 200): Outbound & { asked: { url: string; init: RequestInit }[] } {
  const asked: { url: string; init: RequestInit }[] = [];
  return {
    allowLocal: false,
    asked,
    fetch: (url, init) => {
      asked.push({ url, init });
      return Promise.resolve(new Response(body, { status }));
    },
  };
}

const list = (body: string) => lsRefs("https://git.example.org/acme/rocket.git", ["refs/tags/"], answering(body));

describe("lsRefs", () => {
  it("asks by protocol version 2 in one request", async () => {
    const server = answering("0000");
    await lsRefs("https://git.example.org/acme/rocket.git/", ["refs/tags/"], server);
    expect(server.asked).toHaveLength(1);
    const { url, init } = server.asked[0] ?? { url: "", init: {} };
    expect(url).toBe("https://git.example.org/acme/rocket.git/git-upload-pack");
    expect(init.method).toBe("POST");
    expect(new Headers(init.headers).get("git-protocol")).toBe("version=2");
    expect(new TextDecoder().decode(init.body as Uint8Array)).toBe(
      "0014command=ls-refs\n00010009peel\n001aref-prefix refs/tags/\n0000",
    );
  });

  it("gives the commit behind an annotated tag", async () => {
    const got = await list(`${pkt(`${A} refs/tags/v1 peeled:${B}\n`)}${pkt(`${A} refs/tags/ünïcode\n`)}0000`);
    expect(got).toMatchObject({
      ok: true,
      value: {
        refs: [
          { name: "refs/tags/v1", commit: B },
          { name: "refs/tags/ünïcode", commit: A },
        ],
      },
    });
  });

  it.each([
    ["", "refs_malformed"],
    [pkt(`${A} refs/tags/v1\n`), "refs_malformed"],
    [`${pkt(`${A} refs/tags/v1\n`).slice(0, -3)}`, "refs_malformed"],
    ["ffff0000", "refs_malformed"],
    ["0003", "refs_malformed"],
    [`${pkt("nonsense\n")}0000`, "refs_malformed"],
    ["<html>log in</html>", "refs_malformed"],
    [`${pkt("ERR access denied\n")}0000`, "refs_refused"],
  ])("refuses %j", async (body, code) => {
    expect(await list(body)).toMatchObject({ ok: false, failure: { code } });
  });

  it("tells of a server that refuses", async () => {
    const got = await lsRefs("https://git.example.org/x.git", ["refs/tags/"], answering("", 404));
    expect(got).toMatchObject({ ok: false, failure: { code: "http_status" } });
  });
});
