import { describe, expect, it } from "vitest";
import { type ForgeSettings, forgeRepository } from "./forge.ts";

describe("forgeRepository", () => {
  it.each<[string, ForgeSettings | undefined, object]>([
    [
      "https://github.com/office/lantern.git",
      undefined,
      { kind: "github", apiUrl: "https://api.github.com", host: "github.com", owner: "office", name: "lantern" },
    ],
    [
      "ssh://git@github.com/office/lantern.git",
      undefined,
      { kind: "github", apiUrl: "https://api.github.com", webUrl: "https://github.com/office/lantern" },
    ],
    [
      "https://gitlab.com/a/b/c/lantern/",
      undefined,
      { kind: "gitlab", apiUrl: "https://gitlab.com/api/v4", owner: "a/b/c", name: "lantern" },
    ],
    ["https://codeberg.org/o/n", undefined, { kind: "forgejo", apiUrl: "https://codeberg.org/api/v1" }],
    [
      "https://ghe.example.org/o/n",
      { kind: "github" },
      { apiUrl: "https://ghe.example.org/api/v3", host: "ghe.example.org" },
    ],
    [
      "ssh://git@git.example.org:2222/o/n.git",
      { kind: "forgejo" },
      { apiUrl: "https://git.example.org/api/v1", host: "git.example.org" },
    ],
    [
      "http://127.0.0.1:3000/o/n.git",
      { kind: "gitlab", apiUrl: "http://127.0.0.1:4000/api/v4/", credential: "x" },
      { apiUrl: "http://127.0.0.1:4000/api/v4", host: "127.0.0.1:4000", credential: "x" },
    ],
  ])("%s", (url, forge, expected) => {
    expect(forgeRepository({ url, forge })).toMatchObject({ ok: true, repository: expected });
  });

  it.each<[string, ForgeSettings | undefined, RegExp]>([
    ["https://git.example.org/o/n", undefined, /"kind"/],
    ["https://github.com/alone", undefined, /host\/owner\/name/],
    ["https://github.com/a/b/c", undefined, /as github has them/],
    ["https://github.com/", undefined, /host\/owner\/name/],
  ])("%s cannot be told", (url, forge, why) => {
    const told = forgeRepository({ url, forge });
    expect(told.ok ? "" : told.message).toMatch(why);
  });
});
