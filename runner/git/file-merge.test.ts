import { expect, test } from "vitest";
import { mergeApart } from "./file-merge.ts";
import { randomNumbers } from "./testing/random-history.ts";
import { TestRepository } from "./testing/test-repository.ts";
import { Workbench } from "./workbench.ts";

/** Few different lines, so that changes slide and look alike. */
function randomLines(random: (below: number) => number): string[] {
  const kinds = 4 + random(40);
  return Array.from({ length: random(30) }, () => `${random(kinds)}`);
}

function edited(lines: readonly string[], random: (below: number) => number): string[] {
  const result = [...lines];
  for (let i = 0; i < 1 + random(2); i += 1)
    result.splice(random(result.length + 1), random(3), ...randomLines(random).slice(0, random(4)));
  return result;
}

function text(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""));
}

test("what is merged in here is what git merges", async () => {
  using r = TestRepository.init();
  const opened = await Workbench.open(r.gitDir, {});
  if (!opened.ok) throw new Error(opened.reason.message);
  const { bench } = opened;
  const seed = Number(process.env.PATCH_MOI_SEED ?? 1);
  const random = randomNumbers(seed);
  let merged = 0;
  try {
    for (let i = 0; i < 800; i += 1) {
      const base = randomLines(random);
      const sides = [base, edited(base, random), edited(base, random)].map(text);
      const [b, o, t] = sides;
      const ours = b && o && t ? mergeApart(b, o, t) : undefined;
      if (ours === undefined) continue;
      merged += 1;
      const [x, y, z] = sides.map((content) => ({
        tree: bench.writer.writeTree([{ mode: "100644", name: "f", oid: bench.writer.write("blob", content) }]),
      }));
      if (x === undefined || y === undefined || z === undefined) throw new Error("three sides make three trees");
      const answer = await bench.merger().merge(x, y, z);
      const told = `seed ${seed}, ${i}: ${sides.map((side) => side.toString().split("\n").join(" ")).join(" | ")}`;
      const theirs = (await bench.reader.read(`${answer.tree}:f`))?.content.toString();
      expect({ clean: answer.clean, content: theirs }, told).toEqual({ clean: true, content: ours.content.toString() });
    }
  } finally {
    await bench.close();
  }
  expect(merged).toBeGreaterThan(50);
});

const TEN = text("abcdefghij".split(""));
const at = (line: number, ...lines: string[]) => text("abcdefghij".split("").toSpliced(line, 1, ...lines));

test.each([
  ["far apart: the same change", at(0, "A"), at(9, "J", "K"), { content: "A b c d e f g h i J K", isSameChange: true }],
  [
    "in each other's context: another change",
    at(3, "D"),
    at(5, "F"),
    { content: "a b c D e F g h i j", isSameChange: false },
  ],
  ["side by side", at(3, "D"), at(4, "E"), undefined],
  ["the same line", at(3, "D"), at(3, "d!"), undefined],
  ["a line that may have slid", at(0), at(8, "h", "x"), undefined],
])("%s", (_, ours, theirs, expected) => {
  const merged = mergeApart(TEN, ours, theirs);
  const content = merged?.content.toString().trimEnd().split("\n").join(" ");
  expect(merged && { ...merged, content }).toEqual(expected);
});

test("binary files, empty ones and last lines without a newline are git's to merge", () => {
  const ours = at(0, "A");
  for (const theirs of [Buffer.from("a\0\n"), Buffer.alloc(0), Buffer.from("a\nb\nc\nd\ne\nf\ng\nh\ni\nJ")])
    expect(mergeApart(TEN, ours, theirs)).toBeUndefined();
});
