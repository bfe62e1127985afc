/**
 * Brings an older service's data folder to a server.
 *
 * @module
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "@hono/zod-openapi";
import { FeedSource, stacksFed } from "../../worker/contract/feed-source.ts";
import { SourceHistoryAnswer, StackHistoryAnswer } from "../../worker/contract/history.ts";
import { LIST_LIMIT } from "../../worker/contract/primitives.ts";
import { CommandFailure } from "../client/command-failure.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { type FileReading, OLDER_FILES, readOlderData } from "./older-data.ts";

export type OlderImport = {
  files: FileReading[];
  sources: { id: string; new: number; same: number; why?: string }[];
  stacks: { id: string; attempts: number; same: number; why?: string }[];
};

/** Of each kind in one request. */
const AT_ONCE = 100;

export async function importOlder(api: EdgeApi, folder: string, fallback?: string): Promise<OlderImport> {
  const texts = Object.fromEntries(
    OLDER_FILES.filter((file) => existsSync(join(folder, file))).map((file) => [
      file,
      readFileSync(join(folder, file), "utf8"),
    ]),
  );
  if (!existsSync(folder) || !statSync(folder).isDirectory() || Object.keys(texts).length === 0)
    throw new CommandFailure(
      "no_older_data",
      `${folder} holds none of ${OLDER_FILES.join(", ")}; name the older DATA_DIR`,
      2,
    );
  const feeding = await stacksBySource(api);
  const data = readOlderData(texts, (id) => feeding.get(id) ?? [], fallback);
  const done: OlderImport = { files: data.files, sources: [], stacks: [] };
  for (const [id, entries] of data.sources) {
    const sum = { id, new: 0, same: 0 };
    const why = await refusedOr(async () => {
      for (const part of parts(entries)) {
        const body = { entries: part };
        const path = ["feed-sources", id, "history"];
        const { value } = await api.request({ method: "POST", path, body, answer: SourceHistoryAnswer });
        sum.new += value.new;
        sum.same += value.same;
      }
    });
    done.sources.push({ ...sum, ...(why === undefined ? {} : { why }) });
  }
  for (const [id, { events, attempts }] of data.stacks) {
    const sum = { id, attempts: 0, same: 0 };
    const path = ["stacks", id, "history"];
    const why = await refusedOr(async () => {
      for (const part of parts(events))
        await api.request({ method: "POST", path, body: { events: part }, answer: StackHistoryAnswer });
      for (const part of parts(attempts)) {
        const { value } = await api.request({
          method: "POST",
          path,
          body: { attempts: part },
          answer: StackHistoryAnswer,
        });
        sum.attempts += value.attempts.length;
        sum.same += value.same;
      }
    });
    done.stacks.push({ ...sum, ...(why === undefined ? {} : { why }) });
  }
  return done;
}

/** What is not declared here is told of, and the rest goes on. */
async function refusedOr(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof CommandFailure && error.code === "not_found") return error.message;
    throw error;
  }
}

function parts<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, i) => all.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
}

async function stacksBySource(api: EdgeApi): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const answer = z.object({ sources: z.array(FeedSource), nextCursor: z.string().optional() });
  let cursor: string | undefined;
  do {
    const { value } = await api.request({ path: ["feed-sources"], query: { limit: LIST_LIMIT.max, cursor }, answer });
    for (const { id, target } of value.sources) found.set(id, stacksFed(id, target));
    cursor = value.nextCursor;
  } while (cursor !== undefined);
  return found;
}
