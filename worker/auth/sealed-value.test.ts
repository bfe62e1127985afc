import { describe, expect, it } from "vitest";
import { readSettings } from "../platform/settings.ts";
import { seal, unseal } from "./sealed-value.ts";

const key = (id: string, fill: number) => ({ id, bytes: new Uint8Array(32).fill(fill) });
const OWNER = ["forge", "github-token", "github.com"];

describe("a sealed value", () => {
  it("opens with the key that sealed it, whatever key is the newest, and tells nothing of itself", async () => {
    const sealed = await seal(key("2025", 1), "hush-hush", OWNER);
    expect(JSON.stringify(sealed)).not.toContain("hush");
    expect(await unseal([key("2026", 2), key("2025", 1)], sealed, OWNER)).toEqual({ ok: true, value: "hush-hush" });
  });

  it("is never the same twice", async () => {
    const [a, b] = [await seal(key("k", 1), "x", OWNER), await seal(key("k", 1), "x", OWNER)];
    expect([a.iv === b.iv, a.data === b.data]).toEqual([false, false]);
  });

  it("does not open for another name, kind or host", async () => {
    const sealed = await seal(key("k", 1), "x", OWNER);
    for (const other of [
      ["other", "github-token", "github.com"],
      ["forge", "gitlab-token", "github.com"],
      ["forge", "github-token", "evil.example.org"],
      ["forge", "github-tokengithub.com"],
    ])
      expect(await unseal([key("k", 1)], sealed, other)).toMatchObject({ failure: { code: "broken_seal" } });
  });

  it("does not open when it was changed, with another key of the same id, or without its key", async () => {
    const sealed = await seal(key("k", 1), "x", OWNER);
    const flipped = { ...sealed, data: `${sealed.data.startsWith("A") ? "B" : "A"}${sealed.data.slice(1)}` };
    expect(await unseal([key("k", 1)], flipped, OWNER)).toMatchObject({ failure: { code: "broken_seal" } });
    expect(await unseal([key("k", 1)], { ...sealed, iv: "no base64" }, OWNER)).toMatchObject({
      failure: { code: "broken_seal" },
    });
    expect(await unseal([key("k", 2)], sealed, OWNER)).toMatchObject({ failure: { code: "broken_seal" } });
    expect(await unseal([key("l", 1)], sealed, OWNER)).toMatchObject({ failure: { code: "unknown_key" } });
  });
});

describe("PATCH_CREDENTIALS_KEYS", () => {
  const base64 = btoa("0123456789abcdef0123456789abcdef");

  it("holds keys by id, newest first", () => {
    const { sealingKeys } = readSettings({ PATCH_CREDENTIALS_KEYS: `2026-11:${base64}, 2025:${base64}` });
    expect(sealingKeys.map(({ id, bytes }) => [id, bytes.length])).toEqual([
      ["2026-11", 32],
      ["2025", 32],
    ]);
    expect(readSettings({}).sealingKeys).toEqual([]);
  });

  it.each([
    ["no id", base64],
    ["a short key", "k:c2hvcnQtc2VjcmV0"],
    ["no base64", `k:${base64}!`],
    ["one id twice", `k:${base64},k:${base64}`],
    ["an empty part", `k:${base64},`],
  ])("with %s is refused without repeating what it holds", (_, text) => {
    expect(() => readSettings({ PATCH_CREDENTIALS_KEYS: text })).toThrow(/PATCH_CREDENTIALS_KEYS/);
    try {
      readSettings({ PATCH_CREDENTIALS_KEYS: text });
    } catch (error) {
      expect(String(error)).not.toContain(text.slice(2, 12));
    }
  });
});
