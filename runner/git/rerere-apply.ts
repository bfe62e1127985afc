/**
 * Resolves conflicts as a person resolved the same ones before.
 *
 * @module
 */
import { normalConflict } from "./rerere.ts";
import { contentConflicts, type OpenConflict, type Resolver } from "./resolution.ts";

const NAME = "resolution";

/**
 * From the commit that holds the memory (`<id>/preimage`, `<id>/postimage`). A patch is resolved
 * when all of its conflicts are known.
 */
export function rememberedResolver(memory: string): Resolver {
  return async (conflict) => {
    const { files, others } = contentConflicts(conflict.answer);
    if (others || files.length === 0) return undefined;
    const resolved = new Map<string, { mode: string; oid: string }>();
    for (const { path, mode } of files) {
      const oid = await resolveFile(conflict, path, memory);
      if (oid === undefined) return undefined;
      resolved.set(Buffer.from(path, "utf8").toString("latin1"), { mode, oid });
    }
    const { bench, answer } = conflict;
    // Folders are as they were: the files stand in the merged tree, with markers in them.
    const tree = await bench.editor.edit(answer.tree, resolved);
    bench.writer.flush();
    const paths = files.map(({ path }) => path).join(", ");
    return { tree, note: `resolved in ${paths} as a person resolved the same conflict before` };
  };
}

/** The remembered change, merged into the file as it is now; undefined when it does not fit. */
async function resolveFile({ bench, patch, answer }: OpenConflict, path: string, memory: string) {
  const file = await bench.reader.read(`${answer.tree}:${path}`);
  if (file?.type !== "blob") return undefined;
  const now = normalConflict(file.content, bench.quarantine.repository.format);
  if (now === undefined) return undefined;
  const [before, after] = await Promise.all([
    bench.reader.info(`${memory}:${now.id}/preimage`),
    bench.reader.info(`${memory}:${now.id}/postimage`),
  ]);
  if (before?.type !== "blob" || after?.type !== "blob") return undefined;
  const blob = (oid: string) => new Map([[NAME, { mode: "100644", oid }]]);
  const ours = bench.writer.writeNow("blob", now.preimage);
  const merged = await bench
    .merger()
    .mergeFiles({ base: blob(before.oid), ours: blob(ours), theirs: blob(after.oid) }, patch.commit.oid);
  if (!merged.clean) return undefined;
  const result = await bench.reader.read(`${merged.tree}:${NAME}`);
  if (result?.type !== "blob" || normalConflict(result.content, bench.quarantine.repository.format) !== undefined)
    return undefined;
  return bench.writer.write("blob", result.content);
}
