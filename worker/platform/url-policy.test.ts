import { describe, expect, it } from "vitest";
import { checkUrl } from "./url-policy.ts";

const PUBLIC = { allowLocal: false, ownHosts: ["patch.example.net"] };

/** Everything here is refused in a deployment; the second column is why. */
const REFUSED: readonly (readonly [string, "bad_url" | "forbidden_address"])[] = [
  ["", "bad_url"],
  ["feed", "bad_url"],
  ["//github.com/feed", "bad_url"],
  ["https://", "bad_url"],
  ["http://github.com/a.atom", "bad_url"],
  ["ftp://github.com/a.atom", "bad_url"],
  ["file:///etc/passwd", "bad_url"],
  ["data:text/xml,<rss/>", "bad_url"],
  ["javascript:alert(1)", "bad_url"],
  ["gopher://github.com/_x", "bad_url"],
  ["ws://github.com/", "bad_url"],
  ["blob:https://github.com/x", "bad_url"],
  ["https://user@github.com/", "bad_url"],
  ["https://user:secret@github.com/", "bad_url"],
  ["https://:secret@github.com/", "bad_url"],
  ["https://github.com@127.0.0.1/", "bad_url"],
  ["https://github.com\\@127.0.0.1/", "bad_url"],
  ["https:\\\\127.0.0.1\\", "bad_url"],
  [" https://github.com/", "bad_url"],
  ["https://git\thub.com/", "bad_url"],
  ["https://git\nhub.com/", "bad_url"],
  ["https://github.com/\u0000", "bad_url"],
  ["https://exa mple.com/", "bad_url"],
  ["https://1.2.3.4.5/", "bad_url"],
  ["https://256.256.256.256/", "bad_url"],
  ["https://[::1", "bad_url"],
  ["https://github.com:99999/", "bad_url"],
  [`https://github.com/${"a".repeat(2048)}`, "bad_url"],
  ["https://127.0.0.1/", "forbidden_address"],
  ["https://127.0.0.1./", "forbidden_address"],
  ["https://127.1/", "forbidden_address"],
  ["https://127.0.1/", "forbidden_address"],
  ["https://2130706433/", "forbidden_address"],
  ["https://0x7f000001/", "forbidden_address"],
  ["https://0x7f.0.0.1/", "forbidden_address"],
  ["https://0x7f.1/", "forbidden_address"],
  ["https://0177.0.0.1/", "forbidden_address"],
  ["https://017700000001/", "forbidden_address"],
  ["https://0/", "forbidden_address"],
  ["https://0.0.0.0/", "forbidden_address"],
  ["https://10.0.0.1/", "forbidden_address"],
  ["https://172.16.0.1/", "forbidden_address"],
  ["https://192.168.1.1:8443/", "forbidden_address"],
  ["https://169.254.169.254/latest/meta-data/", "forbidden_address"],
  ["https://169.254.43518/", "forbidden_address"],
  ["https://2852039166/", "forbidden_address"],
  ["https://100.64.0.1/", "forbidden_address"],
  ["https://224.0.0.1/", "forbidden_address"],
  ["https://255.255.255.255/", "forbidden_address"],
  ["https://8.8.8.8/", "forbidden_address"],
  ["https://１２７.０.０.１/", "forbidden_address"],
  ["https://①②⑦.⓪.⓪.①/", "forbidden_address"],
  ["https://127。0。0。1/", "forbidden_address"],
  ["https://%31%32%37.0.0.1/", "forbidden_address"],
  ["https://[::1]/", "forbidden_address"],
  ["https://[::]/", "forbidden_address"],
  ["https://[0:0:0:0:0:0:0:1]/", "forbidden_address"],
  ["https://[::ffff:127.0.0.1]/", "forbidden_address"],
  ["https://[::ffff:7f00:1]/", "forbidden_address"],
  ["https://[64:ff9b::7f00:1]/", "forbidden_address"],
  ["https://[fe80::1]/", "forbidden_address"],
  ["https://[fc00::1]/", "forbidden_address"],
  ["https://[fd00:ec2::254]/", "forbidden_address"],
  ["https://[2606:4700::1111]/", "forbidden_address"],
  ["https://localhost/", "forbidden_address"],
  ["https://LOCALHOST/", "forbidden_address"],
  ["https://localhost./", "forbidden_address"],
  ["https://localhost:8787/", "forbidden_address"],
  ["https://ⓛocalhost/", "forbidden_address"],
  ["https://api.localhost/", "forbidden_address"],
  ["https://localhost.localdomain/", "forbidden_address"],
  ["https://printer.local/", "forbidden_address"],
  ["https://git.internal/", "forbidden_address"],
  ["https://metadata.google.internal/computeMetadata/v1/", "forbidden_address"],
  ["https://metadata.google.internal./", "forbidden_address"],
  ["https://instance-data/", "forbidden_address"],
  ["https://metadata/", "forbidden_address"],
  ["https://kubernetes.default.svc.cluster.local/", "forbidden_address"],
  ["https://router.home.arpa/", "forbidden_address"],
  ["https://nas.lan/", "forbidden_address"],
  ["https://wiki.corp/", "forbidden_address"],
  ["https://1.0.0.127.in-addr.arpa/", "forbidden_address"],
  ["https://127.0.0.1.nip.io/", "forbidden_address"],
  ["https://7f000001.nip.io/", "forbidden_address"],
  ["https://10-0-0-1.sslip.io/", "forbidden_address"],
  ["https://localtest.me/", "forbidden_address"],
  ["https://x.lvh.me/", "forbidden_address"],
  ["https://hidden.onion/", "forbidden_address"],
  ["https://intranet/", "forbidden_address"],
  ["https://patch.example.net/feed-sources", "forbidden_address"],
  ["https://PATCH.example.net./", "forbidden_address"],
];

describe("checkUrl", () => {
  it.each(REFUSED)("refuses %j as %s", (text, code) => {
    const checked = checkUrl(text, PUBLIC);
    expect(checked).toMatchObject({ ok: false, failure: { code } });
  });

  it("has at least sixty forms in its table", () => {
    expect(new Set(REFUSED.map(([text]) => text)).size).toBeGreaterThanOrEqual(60);
  });

  it.each([
    "https://github.com/openai/codex/releases.atom",
    "https://codeberg.org/forgejo/forgejo/releases.rss",
    "https://git.zx2c4.com:8443/cgit/atom/?h=master",
    "https://xn--bcher-kva.example.org/feed",
    "https://bücher.example.org/feed",
    "https://10.example.org/feed",
    "https://localhost.example.org/feed",
    "https://local.dev/feed",
  ])("lets %s through", (text) => {
    expect(checkUrl(text, PUBLIC).ok).toBe(true);
  });

  it("opens loopback and http where the deployment says so, and nothing else", () => {
    const local = { allowLocal: true };
    for (const text of [
      "http://127.0.0.1:4000/a.atom",
      "http://localhost:4000/",
      "http://[::1]:4000/",
      "http://github.com/a.atom",
    ])
      expect(`${text} ${checkUrl(text, local).ok}`).toBe(`${text} true`);
    for (const text of [
      "http://10.0.0.1/",
      "http://169.254.169.254/",
      "http://user:x@localhost/",
      "http://git.internal/",
      "http://0.0.0.0/",
      "file:///etc/passwd",
    ])
      expect(`${text} ${checkUrl(text, local).ok}`).toBe(`${text} false`);
  });
});
