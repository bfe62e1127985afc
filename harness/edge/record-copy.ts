/**
 * The record out of the deployment under test and into it, as the command line does it.
 *
 * @module
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { IMPORT_PASSES, type RecordLine, RecordPage, RecordsAnswer } from "../../worker/contract/record.ts";
import { RecordImport } from "../../worker/contract/record-import.ts";
import { call, expectBody } from "./client.ts";

/** What an import adds to the record that it brings. */
export const BROUGHT: readonly string[] = ["import", "stack_import"];

export async function exported(): Promise<RecordLine[]> {
  const all: RecordLine[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? "" : `?cursor=${cursor}`;
    const page = expectBody(RecordPage, await call("GET", `/records${query}`));
    all.push(...page.records);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

/** A file of these lines, by what tells it from another. */
export const file = (name: "a" | "b") => ({
  sha256: name.repeat(64),
  records: 1,
  at: "2026-01-01T00:00:00.000Z",
  version: "0.1.0",
  server: "https://office.test",
});

export async function begin(name: "a" | "b" = "a"): Promise<string> {
  return expectBody(RecordImport, await call("POST", "/imports", { file: file(name) }), 201).id;
}

/** As the command line does it: one pass for each group of kinds. */
export async function imported(
  given: readonly RecordLine[],
  size = 500,
  name: "a" | "b" = "a",
): Promise<RecordsAnswer> {
  const id = await begin(name);
  const sum: RecordsAnswer = { new: 0, same: 0, refused: [] };
  for (const kinds of IMPORT_PASSES) {
    const part = given.filter(({ kind }) => kinds.includes(kind));
    for (let i = 0; i < part.length; i += size) {
      const answer = await post(part.slice(i, i + size), id);
      sum.new += answer.new;
      sum.same += answer.same;
      sum.refused.push(...answer.refused);
    }
  }
  expectBody(RecordImport, await call("POST", `/imports/${id}/end`));
  return sum;
}

export async function post(records: readonly unknown[], id?: string): Promise<RecordsAnswer> {
  return expectBody(RecordsAnswer, await call("POST", "/records", { v: 1, import: id ?? (await begin()), records }));
}

/** Another deployment: nothing of the record is there. */
export async function empty(): Promise<void> {
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
}
