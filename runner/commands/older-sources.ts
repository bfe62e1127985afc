/**
 * The older `sources` file as sources of today, with what was made of each of its entries. Pure.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { closest, distance } from "fastest-levenshtein";
import { Configuration } from "../../worker/contract/configuration.ts";
import { FeedSourceConfig, ownStackTarget, Provider, RepoInfo, stacksFed } from "../../worker/contract/feed-source.ts";
import { Name } from "../../worker/contract/primitives.ts";
import { isRecord, OlderReading, unreadable } from "./older-reading.ts";
import { readOlderTarget } from "./older-target.ts";

/** What became of one entry. */
export type OlderEntry = {
  id: string;
  /** One line. */
  takenAs: string;
  /** What a person should know of it: fields that were read as others, and fields that say nothing here. */
  notes: string[];
};

export type OlderSources = { configuration: Configuration; entries: OlderEntry[] };

const OLDER_MODES = ["fork_sync", "workspace_flow", "flow_dispatch"];

/** An object with `sources` and nothing of today's, where it is not a configuration of today as it stands. */
export function isOlderFile(document: unknown): boolean {
  if (!isRecord(document) || !Array.isArray(document.sources)) return false;
  if ("stacks" in document || "$schema" in document) return false;
  const older = document.sources.some(
    (source) => isRecord(source) && isRecord(source.target) && OLDER_MODES.includes(String(source.target.mode)),
  );
  return older || !Configuration.safeParse(document).success;
}

export const OlderFile = z.unknown().transform((document, ctx): OlderSources => {
  const sources = isRecord(document) && Array.isArray(document.sources) ? (document.sources as unknown[]) : [];
  const read = sources.flatMap((source, i) => {
    const reading = new OlderReading(["sources", i], ctx);
    const entry = readSource(source, reading);
    return entry === undefined ? [] : [{ ...entry, notes: reading.notes }];
  });
  const known = new Set<string>();
  for (const [i, { config }] of read.entries()) {
    if (known.has(config.id))
      ctx.addIssue({ code: "custom", path: ["sources", i, "id"], message: `'${config.id}' is declared twice` });
    known.add(config.id);
  }
  return {
    configuration: { stacks: [], sources: read.map(({ config }) => config) },
    entries: read.map(({ config, notes }) => ({ id: config.id, takenAs: describeSource(config), notes })),
  };
});

type SourceWithId = Configuration["sources"][number];

const FIELDS = ["id", ...Object.keys(FeedSourceConfig.shape)];

function readSource(given: unknown, reading: OlderReading): { config: SourceWithId } | undefined {
  if (!isRecord(given)) return unreadable(reading, [], "is no source: an object with id, provider, url and event");
  const { target, ...rest } = given;
  const fields = reading.known(rest, [], FIELDS);
  const id = reading.name(given.id, ["id"]);
  const repo = given.repo === undefined ? undefined : readRepo(given.repo, reading);
  const own = readOlderTarget(target, reading, {
    provider: typeof given.provider === "string" ? given.provider : "",
    repo,
    url: typeof given.url === "string" ? given.url : undefined,
  });
  if (own === undefined) return undefined;
  const parsed = z
    .strictObject({ id: Name, ...FeedSourceConfig.shape })
    .safeParse({ ...fields, id, ...(repo === undefined ? {} : { repo }), target: own });
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues)
      reading.refuse(path, path[0] === "provider" ? unknownProvider(given.provider) : message);
    return undefined;
  }
  if (parsed.data.provider === "jojo") reading.note("provider jojo is Forgejo");
  return { config: parsed.data };
}

function readRepo(given: unknown, reading: OlderReading): unknown {
  if (!isRecord(given)) return given;
  return reading.known(given, ["repo"], Object.keys(RepoInfo.shape));
}

function unknownProvider(given: unknown): string {
  const known = Provider.options.join(", ");
  if (typeof given !== "string") return `is missing; known are ${known}`;
  const near = closest(given.toLowerCase(), Provider.options);
  const meant = distance(given.toLowerCase(), near) <= 2 ? `, did you mean '${near}'?` : "";
  return `unknown provider '${given}'${meant === "" ? `; known are ${known}` : meant}`;
}

/** What a source is, in a line. */
function describeSource(source: SourceWithId): string {
  const events = source.event === "push" ? "pushes" : `${source.event}s`;
  const what = `${source.provider} ${events} of ${source.repo?.fullName ?? source.url}`;
  return `${what}: ${describeTarget(source)}`;
}

function describeTarget({ id, target }: SourceWithId): string {
  const own = ownStackTarget(target);
  if (own === undefined) {
    const fed = stacksFed(id, target);
    return fed.length === 0 ? "recorded, no work is started" : `handed to the stacks ${fed.join(", ")}`;
  }
  const stack = `stack '${own.stack ?? id}'${own.stack === undefined ? ", which is made with the source," : ""}`;
  if (own.mode === "fork_sync") return `${stack} carries the branch '${own.branch}' of ${own.fork.url}`;
  const where = own.backendUrl ?? "the deployment's workspace backend, or the flow packages of a pull runner";
  const type = own.eventType === undefined ? "" : ` as events of type ${own.eventType}`;
  return `${stack} hands it on to ${where}${type}`;
}
