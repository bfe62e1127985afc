import { expect, test } from "vitest";
import { ObjectWriter } from "./object-writer.ts";
import { packOf } from "./pack.ts";
import { Quarantine } from "./quarantine.ts";
import { openRepository } from "./repository.ts";
import { TestRepository } from "./testing/test-repository.ts";

test.each([["sha1"], ["sha256"]] as const)("git reads and verifies our packs, %s", async (format) => {
  using r = TestRepository.init(`--object-format=${format}`);
  const quarantine = await Quarantine.open(await openRepository(r.gitDir), {});
  try {
    const writer = new ObjectWriter(quarantine.objectsDir, format);
    const contents = Array.from({ length: 100 }, (_, i) => Buffer.from(`${i}`.repeat(i * i)));
    const oids = contents.map((content) => writer.write("blob", content));
    const tree = writer.writeTree([{ mode: "100644", name: "f", oid: oids[7] ?? "" }]);
    const pack = packOf(writer.unwritten ?? new Map(), format);
    await quarantine.keepPack(pack);
    expect(r.git("verify-pack", `.git/objects/pack/pack-${pack.checksum}.idx`)).toBe("");
    expect(r.attempt("fsck", "--full", "--strict").ok).toBe(true);
    expect(r.show(`${tree}:f`)).toBe("7".repeat(49));
    expect(r.git("cat-file", "--batch-all-objects", "--batch-check").split("\n")).toHaveLength(oids.length + 1);
  } finally {
    await quarantine.dispose();
  }
});
