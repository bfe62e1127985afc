import { expect, test } from "vitest";
import { forkOfTwentyLines, release } from "./testing/test-repository.ts";

const HERE = "a".repeat(64);
const AWAY = "b".repeat(64);

function pointer(object: string): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${object}\nsize 12345\n`;
}

test("scenario 13: pointers without their objects are named", async () => {
  using r = forkOfTwentyLines();
  r.checkout("fork").write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n").commit("track with LFS");
  r.write("here.bin", pointer(HERE)).write(`.git/lfs/objects/aa/aa/${HERE}`, "x").commit("has its object");
  const away = r.write("away.bin", pointer(AWAY)).commit("lacks its object");
  r.checkout("main");
  release(r);
  const report = await r.report("fork", "v2");
  expect(report.counts).toMatchObject({ carried: 4 });
  expect(r.show(`${report.result?.oid}:away.bin`)).toBe(pointer(AWAY).trimEnd());
  expect(report.warnings).toEqual([
    expect.stringContaining(`away.bin (patch ${away.slice(0, 12)}, object bbbbbbbbbbbb)`),
  ]);
});

test("without LFS attributes there is nothing to look for", async () => {
  using r = forkOfTwentyLines();
  r.checkout("fork").write("text-about-lfs", pointer(AWAY)).commit("no pointer");
  r.checkout("main");
  release(r);
  expect((await r.report("fork", "v2")).warnings).toEqual([]);
});
