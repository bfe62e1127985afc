import { describe, expect, it } from "vitest";
import { OWN_HOSTS, REFUSED_URLS } from "./testing/refused-urls.ts";
import { checkUrl } from "./url-policy.ts";

const PUBLIC = { allowLocal: false, ownHosts: OWN_HOSTS };

describe("checkUrl", () => {
  it.each(REFUSED_URLS)("refuses %j as %s", (text, code) => {
    const checked = checkUrl(text, PUBLIC);
    expect(checked).toMatchObject({ ok: false, failure: { code } });
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
