/**
 * `/feed-sources`: declare, read, poll now, delete.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { FeedSourceDeclaration } from "../contract/configuration.ts";
import { FeedSource, type FeedSourceConfig, ownStackTarget, stacksFed } from "../contract/feed-source.ts";
import { Name } from "../contract/primitives.ts";
import { ownStack } from "../intake/own-stack.ts";
import { pollSources } from "../intake/poll.ts";
import { pollContext } from "../intake/poll-context.ts";
import { checkUrl } from "../platform/url-policy.ts";
import { PROVIDERS } from "../providers/index.ts";
import { type Database, StorageFault } from "../store/database.ts";
import {
  declaredBefore,
  deleteSource,
  type FeedSourceRow,
  findSource,
  listSources,
  putSource,
} from "../store/feed-sources.ts";
import { findStack, unknownStacks } from "../store/stacks.ts";
import { apart, unreadablePart } from "./apart.ts";
import {
  ApiError,
  type AppEnv,
  declaredAs,
  decodeCursor,
  json,
  jsonBody,
  ListQuery,
  page,
  refusals,
  router,
  scope,
  withinRate,
} from "./http.ts";
import { granted, stackObject } from "./object.ts";
import { withinQuota } from "./quota.ts";

const params = z.object({ id: Name });
const SourceAnswer = z.object({ source: FeedSource });

export const feedSourcesApi = router();

feedSourcesApi.openapi(
  createRoute({
    method: "get",
    path: "/feed-sources",
    middleware: [scope("read")] as const,
    request: { query: ListQuery },
    responses: {
      200: json(
        z.object({ sources: z.array(FeedSource), ...unreadablePart, nextCursor: z.string().optional() }),
        "Sources, newest first",
      ),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const { rows, ...more } = page(await listSources(c.var.db, limit, decodeCursor(cursor)), limit);
    const { views, beside } = apart(rows, sourceView);
    return c.json({ sources: views, ...beside, ...more }, 200);
  },
);

feedSourcesApi.openapi(
  createRoute({
    method: "get",
    path: "/feed-sources/{id}",
    middleware: [scope("read")] as const,
    request: { params },
    responses: { 200: json(SourceAnswer, "The source and how polling it goes"), ...refusals },
  }),
  async (c) => c.json({ source: sourceView(await readSource(c.var.db, c.req.valid("param").id)) }, 200),
);

feedSourcesApi.openapi(
  createRoute({
    method: "put",
    path: "/feed-sources/{id}",
    middleware: [scope("admin")] as const,
    request: { params, body: jsonBody(FeedSourceDeclaration) },
    responses: { 200: json(SourceAnswer, "Changed"), 201: json(SourceAnswer, "Declared"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const config = declaredAs(id, c.req.valid("json"));
    const ownHosts = [new URL(c.req.url).hostname];
    const checked = checkUrl(config.url.replace(/^git\+/, ""), { allowLocal: c.var.settings.allowLocal, ownHosts });
    if (!checked.ok)
      throw new ApiError("invalid_request", `url: ${checked.failure.message}`, { reason: checked.failure.code });
    const missing = PROVIDERS[config.provider].missing?.(config);
    if (missing !== undefined) throw new ApiError("invalid_request", missing);
    const before = await declaredBefore(c.var.db, id);
    if (before === undefined) await withinQuota(c.var, "sources");
    await declareOwnStack(c.env, c.var, id, config);
    const unknown = await unknownStacks(c.var.db, stacksFed(id, config.target));
    if (unknown.length > 0)
      throw new ApiError("invalid_request", `target.stacks: ${unknownText(unknown)}`, { unknownStacks: unknown });
    // Declaring the same again is no change: it must not put the source at the head of the line.
    if (before === undefined || JSON.stringify(before.config) !== JSON.stringify(config))
      await putSource(c.var.db, id, config, before, new Date().toISOString());
    return c.json({ source: sourceView(await readSource(c.var.db, id)) }, before === undefined ? 201 : 200);
  },
);

feedSourcesApi.openapi(
  createRoute({
    method: "delete",
    path: "/feed-sources/{id}",
    middleware: [scope("admin")] as const,
    request: { params },
    responses: { 204: { description: "Deleted with what it had seen; the events made from it stay" }, ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    if (!(await deleteSource(c.var.db, id))) throw notFound(id);
    return c.body(null, 204);
  },
);

feedSourcesApi.openapi(
  createRoute({
    method: "post",
    path: "/feed-sources/{id}/poll",
    middleware: [scope("operate")] as const,
    request: { params },
    responses: { 202: json(SourceAnswer, "Polled; its health says how that went"), ...refusals },
  }),
  async (c) => {
    return c.json({ source: await pollNow(c, c.req.valid("param").id) }, 202);
  },
);

/** Polls a source out of turn: by the API or the console. */
export async function pollNow(c: Context<AppEnv>, id: string): Promise<FeedSource> {
  await readSource(c.var.db, id);
  await withinRate(c, "SOURCE_LIMIT", `poll:${id}`, `polls of '${id}' out of turn`);
  const [polled] = await pollSources(pollContext(c.env, [new URL(c.req.url).hostname]), [id], true);
  if (polled?.outcome === "retry") throw new StorageFault("what the poll found could not be stored");
  return sourceView(await readSource(c.var.db, id));
}

/** Before the source, which refers to it. One that the target names and that is there already is only fed. */
async function declareOwnStack(
  env: Env,
  variables: AppEnv["Variables"],
  sourceId: string,
  config: FeedSourceConfig,
): Promise<void> {
  const { db, actor, settings } = variables;
  const target = ownStackTarget(config.target);
  if (target === undefined) return;
  const stackId = target.stack ?? sourceId;
  const row = await findStack(db, stackId);
  const there = row === undefined || row.deletedAt !== null ? undefined : row.config;
  if (target.stack !== undefined && there !== undefined) return;
  const wanted = ownStack(config, target, there, settings.workspaceUrl);
  if (!wanted.ok)
    throw new ApiError(
      "invalid_request",
      `target: the stack '${stackId}' of this source cannot be made: ${wanted.failure}`,
    );
  if (JSON.stringify(wanted.value) === JSON.stringify(there)) return;
  if (there === undefined) await withinQuota(variables, "stacks");
  granted(await stackObject(env, stackId).configure(stackId, wanted.value, actor.name));
}

export async function readSource(db: Database, id: string): Promise<FeedSourceRow> {
  const row = await findSource(db, id);
  if (row === undefined) throw notFound(id);
  return row;
}

function notFound(id: string): ApiError {
  return new ApiError("not_found", `there is no feed source '${id}'`);
}

function unknownText(stacks: readonly string[]): string {
  const names = stacks.map((stack) => `'${stack}'`).join(", ");
  return stacks.length === 1
    ? `there is no stack ${names}; declare it first`
    : `there are no stacks ${names}; declare them first`;
}

export function sourceView(row: FeedSourceRow): FeedSource {
  const { id, config, primed, consecutiveFailures, createdAt, updatedAt } = row;
  return {
    id,
    ...config,
    health: {
      primed,
      ...(row.lastPollAt === null ? {} : { lastPollAt: row.lastPollAt }),
      ...(row.lastSuccessAt === null ? {} : { lastSuccessAt: row.lastSuccessAt }),
      ...(row.nextPollAt === null ? {} : { nextPollAt: row.nextPollAt }),
      ...(row.lastOutcome === null ? {} : { lastOutcome: row.lastOutcome }),
      consecutiveFailures,
      ...(row.lastError === null ? {} : { lastError: row.lastError }),
      ...(row.movedTo === null ? {} : { movedTo: row.movedTo }),
      ...(row.gapSince === null ? {} : { gapSince: row.gapSince }),
      ...(row.refsError === null ? {} : { refsError: row.refsError }),
    },
    createdAt,
    updatedAt,
  };
}
