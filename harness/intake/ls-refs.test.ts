/** The edge's reading of refs against Git itself: `git ls-remote` says what is right. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lsRefs } from "../../worker/intake/ls-refs.ts";
import { type GitServer, startGitServer } from "../git-server/server.ts";
import { createBare, git } from "../upstream-life/git.ts";

const ME = { name: "Ada", email: "ada@example.org" };
const TAGS = 300;

let folder: string;
let server: GitServer;
let repository: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ls-refs-"));
  mkdirSync(join(folder, "root/acme"), { recursive: true });
  await createBare(join(folder, "root/acme/rocket.git"), folder, true);
  server = await startGitServer({ root: join(folder, "root") });
  repository = `${server.origin}/acme/rocket.git`;
  const clone = join(folder, "clone");
  await git(folder, ["clone", "--quiet", repository, clone]);
  writeFileSync(join(clone, "a"), "one\n");
  await git(clone, ["add", "a"]);
  await git(clone, ["commit", "--quiet", "--message=one"], { as: ME, at: "2024-01-01T00:00:00Z" });
  await git(clone, ["tag", "--annotate", "--message=first", "rel/1.0"], { as: ME, at: "2024-01-01T00:00:00Z" });
  await git(clone, ["tag", "über-2.0"]);
  const head = (await git(clone, ["rev-parse", "HEAD"])).trim();
  const packed = Array.from({ length: TAGS }, (_, i) => `${head} refs/tags/v0.${i}.0\n`);
  writeFileSync(
    join(clone, ".git/packed-refs"),
    `# pack-refs with: peeled fully-peeled sorted \n${packed.toSorted().join("")}`,
  );
  await git(clone, ["push", "--quiet", "origin", "main", "--tags"]);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

it("names every tag and the commit behind it", async () => {
  const got = await lsRefs(repository, ["refs/tags/"], { allowLocal: true });
  if (!got.ok) throw new Error(got.failure.message);
  const remote = (await git(folder, ["ls-remote", "--tags", repository])).trim().split("\n");
  const expected = new Map<string, string>();
  // Peeled lines come after the tag they belong to and win.
  for (const line of remote) {
    const [oid = "", name = ""] = line.split("\t");
    expected.set(name.replace(/\^\{\}$/, ""), oid);
  }
  expect(expected.size).toBe(TAGS + 2);
  expect(new Map(got.value.refs.map((ref) => [ref.name, ref.commit]))).toEqual(expected);
});

it("gives one branch, and a digest that changes with what it tells", async () => {
  const main = await lsRefs(repository, ["refs/heads/main"], { allowLocal: true });
  const again = await lsRefs(repository, ["refs/heads/main"], { allowLocal: true });
  const tags = await lsRefs(repository, ["refs/tags/"], { allowLocal: true });
  expect(main).toMatchObject({ ok: true, value: { refs: [{ name: "refs/heads/main" }] } });
  expect(again).toEqual(main);
  expect(tags.ok && main.ok && tags.value.digest !== main.value.digest).toBe(true);
});

it("says what went wrong", async () => {
  expect(await lsRefs(`${server.origin}/acme/nothing.git`, ["refs/tags/"], { allowLocal: true })).toMatchObject({
    ok: false,
    failure: { code: "http_status", status: 404 },
  });
});
