import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { patchMoi, testApi } from "./testing/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "patch-moi-credentials-"));
afterAll(() => rmSync(folder, { recursive: true }));

const VALUE = "token-that-nobody-prints";
const credential = {
  name: "forge",
  kind: "forgejo-token",
  host: "git.test.org",
  keyId: "k1",
  createdAt: "2026-01-01T00:00:00Z",
};

describe("patch.moi credentials", () => {
  test("add takes the value from a file, sends it, and prints it nowhere", async () => {
    await using api = await testApi({ "POST /credentials": { credential } });
    const file = join(folder, "token");
    writeFileSync(file, `${VALUE}\n`);
    const args = ["--kind", "forgejo-token", "--host", "git.test.org", "--value-file", file];
    const added = await patchMoi(["credentials", "add", "forge", ...args], api.env);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(added.stdout).toContain("forgejo-token for git.test.org");
    expect(added.stdout).not.toContain(VALUE);
    expect(api.calls[0]?.body).toEqual({ name: "forge", kind: "forgejo-token", host: "git.test.org", value: VALUE });
  });

  test("add refuses what cannot be right, without the server and without repeating it", async () => {
    await using api = await testApi({});
    const file = join(folder, "two-lines");
    writeFileSync(file, `${VALUE} ${VALUE}\n`);
    const args = ["--kind", "forgejo-token", "--host", "git.test.org"];
    const spaces = await patchMoi(["credentials", "add", "forge", ...args, "--value-file", file], api.env);
    expect(spaces).toMatchObject({ code: 2, stderr: "usage: value: must be one line without spaces\n" });
    const empty = await patchMoi(["credentials", "add", "forge", ...args], api.env);
    expect(empty).toMatchObject({ code: 2 });
    expect(empty.stderr).toContain("value: is too short for a token");
    const argument = await patchMoi(["credentials", "add", "forge", VALUE, ...args], api.env);
    expect(argument.code).toBe(2);
    expect(api.calls).toEqual([]);
  });

  test("reseal says what was done, and fails when something could not be opened", async () => {
    await using api = await testApi({
      "POST /credentials/reseal": { keyId: "k2", resealed: ["forge"], unreadable: ["old"] },
      "GET /credentials": { credentials: [credential] },
    });
    const resealed = await patchMoi(["credentials", "reseal"], api.env);
    expect(resealed.code).toBe(1);
    expect(resealed.stdout).toBe("sealed with 'k2': forge\n");
    expect(resealed.stderr).toMatch(/^sealed_credential: old could not be opened/);
    const listed = await patchMoi(["credentials", "list"], api.env);
    expect(listed.stdout).toMatch(/forge\s+forgejo-token\s+git\.test\.org\s+k1/);
  });
});
